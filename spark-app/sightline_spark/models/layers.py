"""The layers of a model by name: any of them can give features."""

import json
from collections.abc import Iterator
from pathlib import Path

from py4j.protocol import Py4JJavaError

from sightline_spark.models.bundle import find_bundle
from sightline_spark.models.engine_session import engine_session
from sightline_spark.models.errors import ModelError
from sightline_spark.settings import ClassifierSettings


def layers(models: Path, reference: str) -> Iterator[str]:
    """Yield a line for each layer of `reference` (NAME or NAME@VERSION), in the order they run. Raises ModelError."""
    bundle = find_bundle(models, reference)
    with engine_session(ClassifierSettings(models_dir=models).classifier_engine_dir) as engine:
        try:
            found = json.loads(str(engine.bundle.BundleLayers.toJson(str(bundle))))
        except Py4JJavaError as error:
            raise ModelError(error.java_exception.getMessage()) from error
    width = max(len(layer["name"]) for layer in found)
    for layer in found:
        shape = " x ".join(map(str, layer["shape"])) or "?"
        note = "  <- ImageFeaturizer's default" if layer["beforeLabels"] else ""
        yield f"{layer['name']:{width}}  {layer['kind']:24}  {shape}{note}"
