"""Model bundles: a folder `NAME/VERSION/` that holds a model card (model.json) and the weights it vouches for.

Written whole or not at all: into a hidden folder beside its place, then renamed. Readers take the highest version.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from sightline_spark.models.errors import BundleError

SCHEMA: Final = "sightline.model/1"
CARD: Final = "model.json"
CALIBRATION: Final = "calibration.json"
CARD_LIMIT = 16 * 1024 * 1024  # bytes; a card of 1000 labels has 40 kB; more is a file that strayed here

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"  # both become folder names; the engine reads the same
_VERSION = r"^(?:0|[1-9][0-9]{0,8})$"
_STRICT = ConfigDict(extra="forbid")

Side = Annotated[int, Field(ge=1, le=4096)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Output = Literal["log-probabilities", "probabilities", "logits"]
# Writes the definition and the parameters to these two files; and beside them the calibration, if the card names one.
SaveWeights = Callable[[Path, Path], None]


@dataclass(frozen=True, slots=True)
class Weights:
    """The files that hold the model: BigDL's protobuf definition and its parameters, by name in the bundle."""

    __pydantic_config__ = _STRICT

    format: Literal["bigdl"] = "bigdl"
    definition: FileName = "model.bigdl"
    parameters: FileName = "model.bin"


@dataclass(frozen=True, slots=True)
class Resize:
    """How a decoded picture gets its size (pixels): `stretch` both sides, or the `shorter-side` keeping the ratio."""

    __pydantic_config__ = _STRICT

    rule: Literal["stretch", "shorter-side"]
    size: Side
    interpolation: Literal["bicubic", "bilinear"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What the model eats: float32 NCHW, each value (pixel - mean[channel]) / std[channel] with pixels 0..255."""

    __pydantic_config__ = _STRICT

    channels: Literal[1, 3]
    order: Literal["GRAY", "RGB"]
    height: Side
    width: Side
    resize: Resize
    crop: Literal["center", "none"]
    mean: tuple[float, ...]
    std: tuple[Annotated[float, Field(gt=0)], ...]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """All that is known of a model, as model.json keeps it. `files` maps each other file to its SHA-256 in hex.

    `calibration` names the file that `sightline-model calibrate` made: without it the model cannot run in int8.
    """

    __pydantic_config__ = _STRICT

    name: Annotated[str, Field(pattern=_NAME)]
    version: Annotated[str, Field(pattern=_VERSION)]
    input: InputSpec
    output: Output
    labels: Annotated[tuple[str, ...], Field(min_length=2)]
    licence: str
    origin: str
    metrics: Mapping[str, float]
    weights: Weights = field(default_factory=Weights)
    calibration: FileName | None = None
    files: Mapping[FileName, Sha256] = field(default_factory=dict)
    schema: Literal["sightline.model/1"] = SCHEMA

    def file_names(self) -> tuple[str, ...]:
        """The names of all files beside the card."""
        weights = (self.weights.definition, self.weights.parameters)
        return weights if self.calibration is None else (*weights, self.calibration)

    def to_json(self) -> str:
        """The card as model.json holds it."""
        front = ("schema", "name", "version", "weights")
        fields = asdict(self)
        if self.calibration is None:
            del fields["calibration"]  # as in every card written before there was one
        ordered = {key: fields[key] for key in front} | {key: fields[key] for key in fields if key not in front}
        return json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"


_CARD: TypeAdapter[ModelCard] = TypeAdapter(ModelCard)


def parse_card(text: str | bytes) -> ModelCard:
    """Read a card. Raises BundleError naming each field that is wrong."""
    try:
        card = _CARD.validate_json(text)
    except ValidationError as error:
        places = (f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in error.errors(include_url=False))
        raise BundleError(f"{CARD} is not a model card: {'; '.join(places)}") from error
    _check_consistency(card)
    return card


def _check_consistency(card: ModelCard) -> None:
    spec = card.input
    wanted = 1 if spec.order == "GRAY" else 3
    if not spec.channels == len(spec.mean) == len(spec.std) == wanted:
        raise BundleError(f"{CARD}: order {spec.order} takes {wanted} channel(s), with one mean and one std for each")
    resized = spec.resize.size
    if spec.crop == "none" and not (spec.resize.rule == "stretch" and spec.height == spec.width == resized):
        raise BundleError(f"{CARD}: without a crop the resize must stretch to the input's own size")
    if spec.crop == "center" and resized < max(spec.height, spec.width):
        raise BundleError(f"{CARD}: the crop {spec.width} x {spec.height} does not fit into a side of {resized}")


def read_card(bundle: Path) -> ModelCard:
    """Read `bundle`/model.json; hashes are not checked. Raises BundleError when it is missing, too large or no card."""
    path = bundle / CARD
    try:
        if path.stat().st_size > CARD_LIMIT:
            raise BundleError(f"{path} is larger than {CARD_LIMIT} bytes")
        return parse_card(path.read_bytes())
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from error


def read_installed(bundle: Path) -> ModelCard:
    """As `read_card`, of a bundle in a models folder. Raises BundleError also when it belongs elsewhere there."""
    card = read_card(bundle)
    place = Path(os.path.abspath(bundle))  # noqa: PTH100 - no links followed, as by the engine
    if (place.parent.name, place.name) != (card.name, card.version):
        raise BundleError(f"{bundle} holds {card.name} {card.version}: it belongs in {card.name}/{card.version}")
    return card


def validate(bundle: Path) -> ModelCard:
    """Check a bundle whole: card, place and the SHA-256 of each file. Returns its card; raises BundleError."""
    card = read_installed(bundle)
    needed = set(card.file_names())
    if set(card.files) != needed:
        raise BundleError(f"{bundle / CARD}: files must list exactly {', '.join(sorted(needed))}")
    for name, expected in card.files.items():
        _check_file(bundle / name, expected)
    return card


def _check_file(path: Path, expected: str) -> None:
    if not path.is_file():
        raise BundleError(f"{path} is missing")
    if (actual := sha256_of(path)) != expected:
        raise BundleError(f"{path} is damaged: its SHA-256 is {actual}, model.json says {expected}")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def free_place(models: Path, name: str, version: str) -> Path:
    """Where a new bundle goes: `models`/`name`/`version`. Raises BundleError when it is taken."""
    place = models / name / version
    if place.exists():
        raise BundleError(f"{place} exists already: versions are never rewritten, write the next one")
    return place


def write_bundle(models: Path, card: ModelCard, save: SaveWeights, *, replaces: bool = False) -> Path:
    """Write `card` and its weights to `models`/NAME/VERSION and return that folder.

    `save` writes the weights and what else the card names; the card's `files` are filled in here. With `replaces`, a
    damaged bundle in the same place gives way. Raises BundleError when the place is taken; on any failure nothing is
    left behind.
    """
    place = models / card.name / card.version if replaces else free_place(models, card.name, card.version)
    draft, old = (place.with_name(f".{card.version}.{kind}.{secrets.token_hex(4)}") for kind in ("draft", "old"))
    draft.mkdir(parents=True)
    try:
        _fill(draft, card, save)
        if replaces:
            place.rename(old)
        draft.rename(place)
    finally:
        for left in (draft, old):
            shutil.rmtree(left, ignore_errors=True)
    return place


def _fill(draft: Path, card: ModelCard, save: SaveWeights) -> None:
    save(draft / card.weights.definition, draft / card.weights.parameters)
    vouched = replace(card, files={name: sha256_of(draft / name) for name in card.file_names()})
    text = vouched.to_json()
    parse_card(text)
    (draft / CARD).write_text(text, encoding="utf-8")


def write_calibrated(models: Path, bundle: Path, calibration: str) -> Path:
    """Write the next version of `bundle`: the same model with this calibration. Returns its folder.

    A version of its own, because its results in int8 differ, and published versions are never rewritten. Raises
    BundleError when `bundle` is damaged.
    """
    card = validate(bundle)

    def save(definition: Path, parameters: Path) -> None:
        shutil.copyfile(bundle / card.weights.definition, definition)
        shutil.copyfile(bundle / card.weights.parameters, parameters)
        definition.with_name(CALIBRATION).write_text(calibration, encoding="utf-8")

    version = next_version(models, card.name)
    return write_bundle(models, replace(card, version=version, calibration=CALIBRATION), save)


def is_version(text: str) -> bool:
    """Whether this can be a bundle's version: a whole number of up to nine digits."""
    return re.match(_VERSION, text) is not None


def bundles(models: Path) -> Iterator[Path]:
    """Yield the bundle folders under `models`, by name, then version. A missing folder holds none."""
    for name in sorted(models.iterdir()) if models.is_dir() else ():
        if name.is_dir() and re.match(_NAME, name.name):
            yield from sorted((b for b in name.iterdir() if is_version(b.name)), key=lambda b: int(b.name))


def find_bundle(models: Path, reference: str) -> Path:
    """The folder of NAME@VERSION, or of NAME's highest version. Raises BundleError when there is none."""
    name, _, version = reference.partition("@")
    found = [bundle for bundle in bundles(models) if bundle.parent.name == name and version in ("", bundle.name)]
    if not found:
        raise BundleError(f"{reference} is not in {models}; `sightline-model list` shows what is")
    return found[-1]


def next_version(models: Path, name: str) -> str:
    """The version after the highest one under `models`/`name`; "1" when there is none."""
    taken = [int(bundle.name) for bundle in bundles(models) if bundle.parent.name == name]
    return str(max(taken, default=0) + 1)
