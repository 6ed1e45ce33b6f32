"""The model bundles in the models folder, as /v1/models lists them."""

import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_TOLD = ("input", "licence", "origin", "metrics")


def list_models(folder: Path, default_model: str) -> list[dict[str, Any]]:
    """Every `NAME/VERSION/model.json` below `folder`, by name, newest version first.

    `default` marks the version that images get that name no model: the newest of `default_model`, or exactly it when it
    says `name@version`. A bundle that cannot be read is left out and logged: the classifier will not load it either.
    """
    found = [model for path in sorted(folder.glob("*/*/model.json")) if (model := _read(path)) is not None]
    found.sort(key=lambda model: (model["name"], -_number(model["version"])))
    name, _, version = default_model.partition("@")
    for model in found:
        newest = next(other for other in found if other["name"] == model["name"])
        model["default"] = model["name"] == name and model["version"] == (version or newest["version"])
    return found


def _read(path: Path) -> dict[str, Any] | None:
    try:
        bundle = json.loads(path.read_bytes())
        told = {key: bundle[key] for key in _TOLD}
        return {"name": bundle["name"], "version": bundle["version"], "labels": len(bundle["labels"]), **told}
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("model bundle left out: %r", error, extra={"file": str(path)})
        return None


def _number(version: str) -> int:
    return int(version) if version.isdigit() else -1
