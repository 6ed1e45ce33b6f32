"""The command `sightline-model`, as a person at a terminal meets it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sightline_spark.models.__main__ import main
from sightline_spark.models.bundle import write_calibrated
from sightline_spark.models.calibration import LEAST_IMAGES

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "digits-lenet" / "1"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a copy of the shipped bundle."""
    shutil.copytree(SHIPPED, tmp_path / "digits-lenet" / "1")
    return tmp_path


def test_help_shows_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help is where people start."""
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(command in shown for command in ("train", "install", "layers", "list", "check", "SIGHTLINE_MODELS_DIR"))


def test_list_shows_what_is_there(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a bundle, with its figure."""
    assert main(["list", "--models", str(models)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split()[:4] == ["digits-lenet", "1", "10", "labels"]
    assert "top1 0.9" in line


def test_list_tells_calibrated_versions(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both look alike otherwise, and only one of them can run in int8."""
    write_calibrated(models, models / "digits-lenet" / "1", "{}")
    assert main(["list", "--models", str(models)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "int8" not in first
    assert second.endswith("calibrated for int8")


def test_layers_shows_names_kinds_and_sizes(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `ImageFeaturizer` can be asked for, in the order it is computed."""
    assert main(["layers", "digits-lenet", "--models", str(models)]) == 0
    rows = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [kind for _, kind, _ in rows[:3]] == ["Input", "SpatialConvolution", "ReLU"]
    assert rows[1][2] == "16 x 24 x 24"
    (default,) = (row for row in rows if "ImageFeaturizer's default" in row[2])
    assert default[1] == "ReLU"
    assert default[2].startswith("128 ")


def test_layers_of_no_model(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told before a JVM is started."""
    assert main(["layers", "dogs", "--models", str(models)]) == 1
    assert "dogs is not in" in capsys.readouterr().err


def test_a_wrong_setting_is_named(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`calibrate` reads the classifier's settings; a wrong one used to end in pages of traceback."""
    monkeypatch.setenv("SIGHTLINE_CLASSIFIER_PRECISION", "half")
    images = [tmp_path / f"{number}.png" for number in range(LEAST_IMAGES)]
    for image in images:
        image.write_bytes(b"never looked at")
    assert main(["calibrate", "digits-lenet", *map(str, images), "--models", str(models)]) == 1
    assert "sightline-model: SIGHTLINE_CLASSIFIER_PRECISION: " in capsys.readouterr().err


def test_list_does_not_take_a_copy_for_a_version(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder 2 with the card of 1 was listed as a second 1, and the classifier passed it over."""
    shutil.copytree(models / "digits-lenet" / "1", models / "digits-lenet" / "2")
    assert main(["list", "--models", str(models)]) == 0
    assert "digits-lenet               2  unusable: " in capsys.readouterr().out


def test_list_goes_on_after_an_unusable_bundle(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One broken card does not hide the others."""
    broken = models / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "model.json").write_text("{}")
    assert main(["list", "--models", str(models)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("broken")
    assert "unusable" in first
    assert second.startswith("digits-lenet")


def test_list_of_nothing_says_where_to_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder is no error, but a hint."""
    assert main(["list", "--models", str(tmp_path)]) == 0
    assert "sightline-model --help" in capsys.readouterr().out


def test_the_folder_can_come_from_the_environment(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The setting that the services use works here too."""
    monkeypatch.setenv("SIGHTLINE_MODELS_DIR", str(models))
    assert main(["list"]) == 0
    assert "digits-lenet" in capsys.readouterr().out


def test_check_passes_a_whole_bundle(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says what it is."""
    assert main(["check", str(models / "digits-lenet" / "1")]) == 0
    assert "is whole: digits-lenet 1, 10 labels" in capsys.readouterr().out


def test_check_names_the_damage(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with exit status 1."""
    bundle = models / "digits-lenet" / "1"
    (bundle / "model.bin").write_bytes(b"short")
    assert main(["check", str(bundle)]) == 1
    assert "model.bin is damaged" in capsys.readouterr().err


def test_train_refuses_a_taken_version_before_it_trains(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three minutes of training must not end in "exists already"."""
    assert main(["train", "digits-lenet", "--models", str(models), "--version", "1"]) == 1
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("version", ["latest", "-1", "1.0"])
def test_train_refuses_a_version_that_is_no_number(models: Path, version: str) -> None:
    """Exit status 2 before anything starts."""
    with pytest.raises(SystemExit, match="2"):
        main(["train", "digits-lenet", "--models", str(models), f"--version={version}"])


def test_a_damaged_bundle_is_named_by_the_installed_command(models: Path) -> None:
    """As a process: exit status and stderr reach the shell."""
    (models / "digits-lenet" / "1" / "model.json").unlink()
    command = [sys.executable, "-m", "sightline_spark.models", "check", str(models / "digits-lenet" / "1")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "cannot read" in done.stderr
