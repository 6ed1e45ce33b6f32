"""LeNet on handwritten digits: the network, its training with BigDL, and the bundle that comes out."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline_spark.models.augment import augmented
from sightline_spark.models.bigdl_api import RNG, criterion, forward, layer, optimizer, quietly, save_module
from sightline_spark.models.bigdl_session import CORES, bigdl_session
from sightline_spark.models.bundle import InputSpec, ModelCard, Resize, free_place, write_bundle
from sightline_spark.models.digits import SIDE, Digits, enlarge, load_split
from sightline_spark.models.progress import Say

NAME = "digits-lenet"
SEED = 7
BATCH = 64
COPIES = 4  # times every digit is drawn anew for one epoch
MEAN, STD = 127.0, 128.0

Images = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Phase:
    """Some epochs at one learning rate (Adam's step size)."""

    epochs: int
    learning_rate: float


SCHEDULE = (Phase(14, 2e-3), Phase(8, 5e-4), Phase(4, 1e-4))


def network() -> Any:
    """LeNet as a BigDL graph: (n, 1, 28, 28) to the log-probabilities of ten digits. Needs a running BigDL session."""
    with quietly():
        picture = layer.Input()
        x = layer.SpatialConvolution(1, 16, 5, 5)(picture)
        x = layer.SpatialMaxPooling(2, 2, 2, 2)(layer.ReLU()(x))
        x = layer.SpatialConvolution(16, 32, 5, 5)(x)
        x = layer.SpatialMaxPooling(2, 2, 2, 2)(layer.ReLU()(x))
        x = layer.Reshape([32 * 4 * 4], True)(x)  # batch mode said: else a batch of one is taken for no batch
        x = layer.ReLU()(layer.Linear(32 * 4 * 4, 128)(x))
        return layer.Model([picture], [layer.LogSoftMax()(layer.Linear(128, 10)(x))])


def as_input(pixels: NDArray[np.generic]) -> Images:
    """Pixels (n, 28, 28), 0..255, as the network's input (n, 1, 28, 28)."""
    return ((pixels.astype(np.float32) - MEAN) / STD)[:, np.newaxis]


def top1(model: Any, pixels: NDArray[np.generic], labels: NDArray[np.int64]) -> float:
    """Share of pictures (n, 28, 28) that BigDL's plain forward labels right. Leaves the model in evaluation mode."""
    with quietly():
        model.evaluate()
    return float(np.mean(forward(model, as_input(pixels)).argmax(axis=1) == labels))


def _train_epoch(model: Any, digits: Digits, adam: Any, rng: np.random.Generator) -> None:
    """One pass over the digits, drawn anew COPIES times. Adam's moments live in `adam`, so the next pass goes on."""
    pixels = np.concatenate([augmented(digits, rng) for _ in range(COPIES)])
    targets = np.tile(digits.labels, COPIES).astype(np.float32) + 1  # BigDL counts classes from 1
    with quietly():
        model.training()
        optimizer.LocalOptimizer(
            as_input(pixels), targets, model, criterion.ClassNLLCriterion(), optimizer.MaxEpoch(1), BATCH, adam, CORES
        ).optimize()


def train(training: Digits, held_out: Digits, say: Say) -> tuple[Any, float]:
    """Train LeNet. Returns the model and its Top1 on the held-out digits, which decide nothing on the way."""
    with quietly():
        RNG().set_seed(SEED)
    rng, model = np.random.default_rng(SEED), network()
    plain, total, epoch, began = enlarge(held_out.pixels, SIDE), sum(p.epochs for p in SCHEDULE), 0, time.monotonic()
    accuracy = 0.0
    for phase in SCHEDULE:
        with quietly():
            adam = optimizer.Adam(phase.learning_rate)
        for _ in range(phase.epochs):
            epoch += 1
            _train_epoch(model, training, adam, rng)
            accuracy = top1(model, plain, held_out.labels)
            say(f"epoch {epoch:2}/{total}  held-out Top1 {accuracy:.4f}  {time.monotonic() - began:4.0f} s")
    return model, accuracy


def card(version: str, accuracy: float, held_out: int) -> ModelCard:
    """The model card of a LeNet trained here."""
    return ModelCard(
        name=NAME,
        version=version,
        input=InputSpec(
            channels=1,
            order="GRAY",
            height=SIDE,
            width=SIDE,
            resize=Resize("stretch", SIDE, "bicubic"),
            crop="none",
            mean=(MEAN,),
            std=(STD,),
        ),
        output="log-probabilities",
        labels=tuple("0123456789"),
        licence="CC-BY-4.0",
        origin=(
            "Trained by Sightline with BigDL on 'Optical Recognition of Handwritten Digits' (E. Alpaydin and "
            "C. Kaynak, UCI Machine Learning Repository, CC BY 4.0) as scikit-learn (BSD-3-Clause) ships it, redrawn "
            "at random places, sizes, slants and pen widths, light on dark and dark on light."
        ),
        metrics={"top1": round(accuracy, 4), "n": held_out},
    )


def train_bundle(models: Path, version: str, say: Say) -> Path:
    """Train LeNet and write it as `models`/digits-lenet/`version`. Raises BundleError when that exists."""
    free_place(models, NAME, version)  # asked now: minutes of training should not end in a refusal
    training, held_out = load_split()
    say(f"{len(training)} digits to train on, {len(held_out)} held out; starting Spark with BigDL")
    with bigdl_session():
        model, accuracy = train(training, held_out, say)
        return write_bundle(models, card(version, accuracy, len(held_out)), partial(save_module, model))
