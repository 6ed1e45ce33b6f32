"""Sightline for Spark users: Transformers over frames of images, and sessions that can run them."""

from sightline_spark.table.classifier import ImageClassifier
from sightline_spark.table.featurizer import ImageFeaturizer
from sightline_spark.table.session import configure

__all__ = ["ImageClassifier", "ImageFeaturizer", "configure"]
