"""`sightline-model calibrate`: a version that runs in int8, made on real images, and what it refuses."""

import json
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sightline_spark.models.__main__ import main
from sightline_spark.models.bundle import read_card, validate
from sightline_spark.models.calibration import LEAST_IMAGES
from tests.models.conftest import MODELS
from tests.models.drawn_digits import drawings
from tests.models.test_engine import as_png, classified

pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # PySpark's
]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a copy of the shipped bundle."""
    shutil.copytree(MODELS / "digits-lenet" / "1", tmp_path / "models" / "digits-lenet" / "1")
    return tmp_path / "models"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn digits as PNG files, and a file that is none."""
    folder = tmp_path_factory.mktemp("drawn")
    for n, (digit, image) in enumerate(drawings(each=4, seed=3)):
        (folder / f"{digit}-{n}.png").write_bytes(as_png(image))
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def test_a_calibrated_model_runs_in_int8(
    spark: SparkSession, models: Path, drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command writes the next version, leaves the first as it was, and the engine runs it in int8."""
    before = (models / "digits-lenet" / "1" / "model.json").read_bytes()
    assert main(["calibrate", "digits-lenet@1", str(drawn), "--models", str(models)]) == 0
    said = capsys.readouterr().out
    assert "broken.png: not a JPEG" in said
    count = len(list(drawn.glob("?-*.png")))
    assert f"comparing {count}/{count}" in said
    card = validate(models / "digits-lenet" / "2")
    assert card.calibration == "calibration.json"
    calibration = json.loads((models / "digits-lenet" / "2" / "calibration.json").read_bytes())
    assert calibration["images"] == count
    assert calibration["agreement"] >= 0.95
    assert (models / "digits-lenet" / "1" / "model.json").read_bytes() == before

    images = {f"{digit}-{n}": as_png(image) for n, (digit, image) in enumerate(drawings(each=2, seed=5))}
    for version, precision in (("2", "int8"), ("1", "f32")):
        results = classified(spark, images, f"digits-lenet@{version}", "int8", models)
        assert {result.precision for result in results.values()} == {precision}
        right = [str(name)[0] == result.predictions[0].label for name, result in results.items()]
        assert sum(right) >= 0.9 * len(right)


def test_too_few_images_are_refused_before_anything_starts(
    models: Path, drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A handful says little of what a tensor may hold."""
    assert main(["calibrate", "digits-lenet", str(next(drawn.glob("0-*"))), "--models", str(models)]) == 1
    assert f"1 images are too few to calibrate on: give {LEAST_IMAGES} or more" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cats", "digits-lenet@7"])
def test_a_model_that_is_not_there_is_named(
    name: str, models: Path, drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With where to look."""
    assert main(["calibrate", name, str(drawn), "--models", str(models)]) == 1
    assert f"{name} is not in {models}; `sightline-model list`" in capsys.readouterr().err


def test_a_place_that_is_not_there_is_named(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip in a path must not end as 'too few images'."""
    assert main(["calibrate", "digits-lenet", "/nowhere/photos", "--models", str(models)]) == 1
    assert "/nowhere/photos is neither a file nor a folder" in capsys.readouterr().err


def test_a_card_without_calibration_stays_as_it_was(models: Path) -> None:
    """The field appears only where there is one."""
    assert "calibration" not in json.loads(read_card(models / "digits-lenet" / "1").to_json())
