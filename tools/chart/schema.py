"""`values.schema.json` from the typed values."""

import json
from typing import Any

from tools.chart.model.values import Values


def values_schema() -> str:
    """The JSON schema of the values, strict: no key that the chart does not know."""
    schema = _tidy(Values.model_json_schema(by_alias=True))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Values of the chart sightline"}
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    """Without generated titles and without defaults: those are in values.yaml, where Helm reads them."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if not _is_noise(key, value)}
    return {key: _tidy(value) for key, value in kept.items()}


def _is_noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and not _is_schema(value))


def _is_schema(value: object) -> bool:
    return isinstance(value, dict) and ("type" in value or "$ref" in value or "anyOf" in value)
