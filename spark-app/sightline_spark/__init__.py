"""Sightline on Spark. What a Spark user needs is here; it is imported when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sightline_spark.table import ImageClassifier, ImageFeaturizer, configure

__all__ = ["ImageClassifier", "ImageFeaturizer", "configure"]


def __getattr__(name: str) -> object:
    """Import `sightline_spark.table` only for those who use it: the services start without PySpark's ML."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("sightline_spark.table"), name)
