"""Bundles: what is written can be read, what is spoilt is refused by name, and nothing is left half done."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sightline_spark.models.bundle import (
    InputSpec,
    ModelCard,
    Resize,
    bundles,
    next_version,
    parse_card,
    read_card,
    validate,
    write_bundle,
    write_calibrated,
)
from sightline_spark.models.errors import BundleError

RESIZE = Resize("shorter-side", 64, "bilinear")
CARD = ModelCard(
    name="shapes",
    version="3",
    input=InputSpec(3, "RGB", 32, 48, RESIZE, "center", (1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
    output="logits",
    labels=("circle", "Dreieck", "正方形"),
    licence="Apache-2.0",
    origin="Made up for a test.",
    metrics={"top1": 0.5},
)


def save(definition: Path, parameters: Path) -> None:
    """Stand in for BigDL."""
    definition.write_bytes(b"definition")
    parameters.write_bytes(b"parameters")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A whole bundle."""
    return write_bundle(tmp_path, CARD, save)


def test_what_is_written_reads_back(tmp_path: Path, bundle: Path) -> None:
    """A written bundle validates to the same card, with the hashes of its files filled in."""
    assert bundle == tmp_path / "shapes" / "3"
    card = validate(bundle)
    assert replace(card, files={}) == CARD
    assert card.files == {
        "model.bigdl": hashlib.sha256(b"definition").hexdigest(),
        "model.bin": hashlib.sha256(b"parameters").hexdigest(),
    }


def test_the_card_is_the_agreed_document(bundle: Path) -> None:
    """Other processes read model.json by these names."""
    document = json.loads((bundle / "model.json").read_bytes())
    assert list(document)[:4] == ["schema", "name", "version", "weights"]
    assert document["schema"] == "sightline.model/1"
    assert document["weights"] == {"format": "bigdl", "definition": "model.bigdl", "parameters": "model.bin"}
    assert document["input"] == {
        "channels": 3,
        "order": "RGB",
        "height": 32,
        "width": 48,
        "resize": {"rule": "shorter-side", "size": 64, "interpolation": "bilinear"},
        "crop": "center",
        "mean": [1.0, 2.0, 3.0],
        "std": [4.0, 5.0, 6.0],
    }
    assert document["labels"] == ["circle", "Dreieck", "正方形"]
    assert document["metrics"] == {"top1": 0.5}


@pytest.mark.parametrize("name", ["model.bigdl", "model.bin"])
def test_a_flipped_bit_is_found(bundle: Path, name: str) -> None:
    """Each file is vouched for."""
    data = bytearray((bundle / name).read_bytes())
    data[3] ^= 1
    (bundle / name).write_bytes(data)
    with pytest.raises(BundleError, match=f"{name} is damaged"):
        validate(bundle)


def test_a_missing_file_is_named(bundle: Path) -> None:
    """A bundle copied in part is no bundle."""
    (bundle / "model.bin").unlink()
    with pytest.raises(BundleError, match=r"model\.bin is missing"):
        validate(bundle)


def test_a_bundle_in_another_place_is_refused(tmp_path: Path, bundle: Path) -> None:
    """The folder is what a record names; it must not run something else."""
    moved = bundle.rename(tmp_path / "shapes" / "4")
    with pytest.raises(BundleError, match="belongs in shapes/3"):
        validate(moved)


def test_a_linked_bundle_is_of_the_place_that_names_it(tmp_path: Path, bundle: Path) -> None:
    """The classifier served it, and `sightline-model list` called it unusable."""
    elsewhere = bundle.rename(tmp_path / "unpacked")
    bundle.symlink_to(elsewhere)
    assert validate(bundle).version == "3"
    (tmp_path / "other").mkdir()
    link = tmp_path / "other" / "3"
    link.symlink_to(bundle)
    with pytest.raises(BundleError, match="belongs in shapes/3"):
        validate(link)


def test_an_unlisted_weights_file_is_refused(bundle: Path) -> None:
    """A card that does not vouch for the parameters would let any through."""
    document = json.loads((bundle / "model.json").read_bytes())
    del document["files"]["model.bin"]
    (bundle / "model.json").write_text(json.dumps(document))
    with pytest.raises(BundleError, match="must list exactly"):
        validate(bundle)


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    """An empty folder is no bundle."""
    with pytest.raises(BundleError, match="cannot read"):
        read_card(tmp_path)


def _set(document: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    for key in parents:
        document = document[key]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("schema", "sightline.model/2", "schema"),
        ("name", "../evil", "name"),
        ("version", "latest", "version"),
        ("weights.format", "pickle", r"weights\.format"),
        ("weights.definition", "../model.bigdl", r"weights\.definition"),
        ("input.channels", 2, r"input\.channels"),
        ("input.order", "BGR", r"input\.order"),
        ("input.width", 0, r"input\.width"),
        ("input.resize.rule", "longer-side", r"input\.resize\.rule"),
        ("input.std", [4.0, 0.0, 6.0], r"input\.std\.1"),
        ("input.mean", [1.0], "one mean and one std"),
        ("input.order", "GRAY", "takes 1 channel"),
        ("input.crop", "none", "without a crop"),
        ("input.resize.size", 40, "does not fit"),
        ("labels", ["alone"], "labels"),
        ("metrics", {"top1": "good"}, r"metrics\.top1"),
        ("files", {"model.bin": "abc"}, r"files\.model\.bin"),
        ("surprise", 1, "surprise"),
    ],
)
def test_a_spoilt_card_names_the_field(path: str, value: object, complaint: str) -> None:
    """One field wrong: the message says which."""
    document = json.loads(CARD.to_json())
    _set(document, path, value)
    with pytest.raises(BundleError, match=complaint):
        parse_card(json.dumps(document))


def test_versions_are_never_rewritten(tmp_path: Path, bundle: Path) -> None:
    """A running classifier may have this version open."""
    before = (bundle / "model.json").read_bytes()
    with pytest.raises(BundleError, match="exists already"):
        write_bundle(tmp_path, replace(CARD, origin="Another."), save)
    assert (bundle / "model.json").read_bytes() == before


def test_a_damaged_bundle_can_be_replaced(tmp_path: Path, bundle: Path) -> None:
    """Installing again mends it."""
    (bundle / "model.bin").write_bytes(b"spoilt")
    write_bundle(tmp_path, CARD, save, replaces=True)
    assert validate(bundle).name == "shapes"


def _fail(definition: Path, parameters: Path) -> None:
    definition.write_bytes(b"half")
    raise RuntimeError("no space left")


def _forget(definition: Path, parameters: Path) -> None:
    definition.write_bytes(b"half")


@pytest.mark.parametrize(("broken", "error"), [(_fail, RuntimeError), (_forget, FileNotFoundError)])
def test_a_failed_write_leaves_nothing(
    tmp_path: Path, broken: Callable[[Path, Path], None], error: type[Exception]
) -> None:
    """No reader may ever see half a bundle, hidden drafts included."""
    with pytest.raises(error):
        write_bundle(tmp_path, CARD, broken)
    assert list((tmp_path / "shapes").iterdir()) == []


def test_bundles_come_by_name_and_number(tmp_path: Path) -> None:
    """Version 10 comes after 9; drafts and strangers are no bundles."""
    for name, version in (("shapes", "10"), ("shapes", "9"), ("abc", "1")):
        write_bundle(tmp_path, replace(CARD, name=name, version=version), save)
    (tmp_path / "shapes" / ".11.draft").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    assert [str(found.relative_to(tmp_path)) for found in bundles(tmp_path)] == ["abc/1", "shapes/9", "shapes/10"]
    assert next_version(tmp_path, "shapes") == "11"
    assert next_version(tmp_path, "unheard-of") == "1"
    assert list(bundles(tmp_path / "missing")) == []


def test_a_calibration_makes_a_new_version(tmp_path: Path, bundle: Path) -> None:
    """The same weights under the next number, vouched for with the calibration; the old version stays as it was."""
    written = write_calibrated(tmp_path, bundle, "{}\n")
    assert written == tmp_path / "shapes" / "4"
    card = validate(written)
    assert card.calibration == "calibration.json"
    assert replace(card, version="3", calibration=None, files={}) == CARD
    assert (written / "model.bin").read_bytes() == b"parameters"
    assert validate(bundle).calibration is None


def test_a_calibration_that_changed_is_refused(tmp_path: Path, bundle: Path) -> None:
    """Its hash is among the files'."""
    written = write_calibrated(tmp_path, bundle, "{}\n")
    (written / "calibration.json").write_text("{} ")
    with pytest.raises(BundleError, match=r"calibration\.json is damaged"):
        validate(written)
