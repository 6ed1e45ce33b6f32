"""Calibrates a model for int8: the engine looks at its tensors on real photos, and a new version keeps what it saw."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from py4j.protocol import Py4JJavaError

from sightline_spark.models.bundle import find_bundle, write_calibrated
from sightline_spark.models.engine_session import engine_session
from sightline_spark.models.errors import ModelError
from sightline_spark.models.progress import Say
from sightline_spark.settings import ClassifierSettings

LEAST_IMAGES: Final = 16  # fewer say little of what a tensor may hold; 100 and more are better
LEAST_AGREEMENT: Final = 0.7  # of first labels; below, int8 would be another model
_REPORTS: Final = 10  # lines of progress for each pass over the images
_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"})


def calibrate(models: Path, reference: str, places: Sequence[Path], say: Say) -> Path:
    """Write the next version of `reference` (NAME or NAME@VERSION), calibrated on the images in `places`.

    A place is a file, or a folder that is searched for image files. Returns the new bundle's folder; raises ModelError.
    """
    bundle = find_bundle(models, reference)
    images = list(find_images(places))
    _require(len(images))
    settings = ClassifierSettings(models_dir=models)
    say(f"calibrating {bundle} on {len(images)} images; loading it")
    with engine_session(settings.classifier_engine_dir) as engine:
        calibration = _observe(engine, bundle, images, settings.max_pixels, say)
    found = json.loads(calibration)
    say(f"int8 puts the label of f32 first for {found['agreement']:.1%} of {found['images']} images")
    if found["agreement"] < LEAST_AGREEMENT:
        raise ModelError(
            f"that is less than {LEAST_AGREEMENT:.0%}: nothing written; {bundle.parent.name} needs f32 or bf16"
        )
    written = write_calibrated(models, bundle, calibration)
    say(f"wrote {written}")
    return written


def find_images(places: Sequence[Path]) -> Iterator[Path]:
    """Yield the files in `places`, in folders those named like images. Raises ModelError for what is not there."""
    for place in places:
        if place.is_dir():
            yield from sorted(file for file in place.rglob("*") if file.suffix.lower() in _SUFFIXES and file.is_file())
        elif place.is_file():
            yield place
        else:
            raise ModelError(f"{place} is neither a file nor a folder")


def _require(images: int) -> None:
    if images < LEAST_IMAGES:
        raise ModelError(f"{images} images are too few to calibrate on: give {LEAST_IMAGES} or more, better 100")


def _observe(engine: Any, bundle: Path, images: Sequence[Path], max_pixels: int, say: Say) -> str:
    """The calibration as JSON."""
    try:
        calibrator = engine.model.BundleCalibrator.open(str(bundle), max_pixels)
        usable = [image for image in _each(images, "observing", say) if _done(calibrator.observe, image, say)]
        _require(len(usable))
        calibrator.quantise()
        for image in _each(usable, "comparing", say):
            calibrator.compare(image.read_bytes())
        return str(calibrator.result())
    except Py4JJavaError as error:
        raise ModelError(error.java_exception.getMessage()) from error


def _each(images: Sequence[Path], doing: str, say: Say) -> Iterator[Path]:
    step = -(-len(images) // _REPORTS)
    for count, image in enumerate(images, 1):
        yield image
        if count % step == 0 or count == len(images):
            say(f"{doing} {count}/{len(images)}")


def _done(observe: Callable[[bytes], None], image: Path, say: Say) -> bool:
    """Whether the engine could use the image; says why not."""
    try:
        observe(image.read_bytes())
    except OSError as error:
        say(f"left out {image}: {error.strerror}")
        return False
    except Py4JJavaError as error:
        if error.java_exception.getClass().getSimpleName() != "ImageRejected":
            raise
        say(f"left out {image}: {error.java_exception.getMessage()}")
        return False
    return True
