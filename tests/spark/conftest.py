"""One Spark session with the engine for the whole suite, and image records for it."""

import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import DataFrame, SparkSession
from sklearn.datasets import load_digits

from sightline_contracts.headers import KafkaHeaders
from sightline_local.check import find_java
from sightline_spark.session import build_session, end_session
from sightline_spark.settings import ClassifierSettings

MODELS = Path(__file__).parents[2] / "models"
SOURCE_SCHEMA = (
    "key binary, value binary, topic string, partition int, offset long, timestamp timestamp,"
    " headers array<struct<key: string, value: binary>>"
)
Record = tuple[bytes | None, bytes | None, KafkaHeaders | None]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ClassifierSettings:
    """Settings of a classifier that shares nothing with one that may run on this machine."""
    return ClassifierSettings(
        models_dir=MODELS,
        classifier_checkpoint_dir=tmp_path_factory.mktemp("checkpoint"),
        classifier_management_port=0,
    )


@pytest.fixture(scope="session")
def spark(settings: ClassifierSettings) -> Iterator[SparkSession]:
    """The session that the classifier itself would use, but for how finely it shuffles."""
    if find_java() is None:
        pytest.skip("needs Java 17 (Debian: apt-get install openjdk-17-jdk-headless)")
    session = build_session(settings)
    session.conf.set("spark.sql.shuffle.partitions", "2")  # few rows: of Spark's 200 tasks tests would wait for most
    yield session
    end_session(session)


@pytest.fixture(scope="session")
def photo_model() -> str:
    """A model of photos; the first run fetches it."""
    name = "efficientnet-lite0"
    if not (MODELS / name).exists():
        program = Path(sys.executable).with_name("sightline-model")
        subprocess.run([program, "install", name], cwd=MODELS.parent, check=True)
    return name


def image_frame(spark: SparkSession, records: list[Record]) -> DataFrame:
    """A frame as Kafka's source gives it, in one partition; offsets count from 0."""
    now = datetime.now(UTC)
    rows = [
        (_array(key), _array(value), "images", 0, offset, now, None if headers is None else _headers(headers))
        for offset, (key, value, headers) in enumerate(records)
    ]
    return spark.createDataFrame(rows, SOURCE_SCHEMA).coalesce(1)


def _headers(headers: KafkaHeaders) -> list[tuple[str, bytearray]]:
    return [(name, bytearray(value)) for name, value in headers]


def _array(value: bytes | None) -> bytearray | None:
    return None if value is None else bytearray(value)


def digit_png(index: int) -> tuple[bytes, int]:
    """One of scikit-learn's handwritten digits as a 28 x 28 PNG, and which digit it is."""
    digits = load_digits()
    pixels = np.rint(digits.images[index] * (255 / 16)).astype(np.uint8)
    return encode(Image.fromarray(pixels).resize((28, 28), Image.Resampling.BICUBIC), "PNG"), int(digits.target[index])


def photo(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture with smooth areas, edges and noise, the same at every call."""
    rng = np.random.default_rng(width * 10_007 + height)
    y, x = np.mgrid[0:height, 0:width]
    planes = [(x * 255 / max(width, 2)), (y * 255 / max(height, 2)), ((x // 3 + y // 5) % 2) * 200.0, (x + y) % 256.0]
    pixels = np.stack(planes[: len(Image.new(mode, (1, 1)).getbands())], axis=-1) + rng.normal(
        0, 12, (height, width, 1)
    )
    array = np.clip(pixels, 0, 255).astype(np.uint8)
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array, mode)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file of `kind`, Pillow's name of the format."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
