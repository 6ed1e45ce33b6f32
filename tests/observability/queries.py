"""The queries of alerts and dashboards, and which of the services' series they name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from tools.observability.metrics import registries

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "deploy" / "observability"
DASHBOARDS: Final = sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))
# What Prometheus and its client library make, beside our own.
_OTHERS: Final = {"ALERTS", "process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"}
_TARGET: Final = {"job", "instance"}
_NAME: Final = re.compile(r"\b(?:sightline_\w+|process_\w+|ALERTS|up)\b")
_SELECTOR: Final = re.compile(r"\b(sightline_\w+)\{([^}]*)\}")
_MATCHER: Final = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


class Query(NamedTuple):
    """A PromQL expression; `place` says where it stands."""

    place: str
    expression: str


def alerts() -> list[dict[str, Any]]:
    """Every alert rule."""
    document = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels(path: Path) -> list[dict[str, Any]]:
    """Every panel of a dashboard but the titles of its rows."""
    return [panel for panel in json.loads(path.read_text())["panels"] if panel["type"] != "row"]


def queries() -> list[Query]:
    """Every query there is, with Grafana's interval as Prometheus would get it."""
    found = [Query(rule["alert"], rule["expr"]) for rule in alerts()]
    for path in DASHBOARDS:
        for panel in panels(path):
            place = f"{path.stem}: {panel['title']}"
            found += [Query(place, target["expr"].replace("$__rate_interval", "5m")) for target in panel["targets"]]
    return found


def series() -> dict[str, dict[str, set[str]]]:
    """The values of each label of each series that the services have when they start."""
    found: dict[str, dict[str, set[str]]] = {}
    for registry in registries().values():
        for family in registry.collect():
            for sample in family.samples:
                labels = found.setdefault(sample.name, {})
                for label, value in sample.labels.items():
                    labels.setdefault(label, set()).add(value)
    return found


def unknown(expression: str) -> Iterator[str]:
    """What `expression` names that no service has: metrics, labels, label values."""
    known = series()
    for name in _NAME.findall(expression):
        if name not in known and name not in _OTHERS:
            yield name
    for name, selector in _SELECTOR.findall(expression):
        for label, kind, text in _MATCHER.findall(selector):
            values = known.get(name, {}).get(label, set())
            wanted = set(text.split("|")) if kind in ("=~", "!~") else {text}
            if label not in _TARGET and not wanted <= values:
                yield f"{name}{{{label}{kind}{text!r}}}"
