"""Grafana's dashboards: what they show, here; the JSON that Grafana reads, generated."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.observability.panels import DASHBOARDS, Dashboard, Panel

FOLDER: Final = Path(__file__).resolve().parents[2] / "deploy" / "observability" / "grafana" / "dashboards"
_COLUMNS: Final = 24
_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_SCHEMA: Final = 39  # Grafana 11 and 12 read it; they raise older ones when they load them


def dashboard_files() -> dict[Path, str]:
    """The text of each dashboard's file, by path."""
    return {FOLDER / f"{name}.json": _text(_dashboard(name, found)) for name, found in DASHBOARDS.items()}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


def _dashboard(name: str, dashboard: Dashboard) -> dict[str, Any]:
    return {
        "uid": f"sightline-{name}",
        "title": dashboard.title,
        "tags": ["sightline"],
        "schemaVersion": _SCHEMA,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Source"}]
        },
        "links": [{"type": "dashboards", "tags": ["sightline"], "title": "Sightline", "asDropdown": True}],
        "panels": list(_panels(dashboard)),
    }


@dataclass(slots=True)
class _Place:
    """Where the next panel goes: left to right, a new line where it does not fit."""

    x: int = 0
    y: int = 0
    height: int = 0

    def take(self, width: int, height: int) -> dict[str, int]:
        if self.x + width > _COLUMNS:
            self.x, self.y, self.height = 0, self.y + self.height, 0
        taken = {"x": self.x, "y": self.y, "w": width, "h": height}
        self.x, self.height = self.x + width, max(self.height, height)
        return taken


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    place, number = _Place(), 0
    for title, panels in dashboard.rows.items():
        number += 1
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place.take(_COLUMNS, 1)}
        for panel in panels:
            number += 1
            yield _panel(number, panel, place.take(panel.width, panel.height))


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [
            {"refId": chr(ord("A") + index), "expr": expression, "legendFormat": legend, "datasource": _DATASOURCE}
            for index, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "stat": {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "area", "colorMode": "value"},
    "timeseries": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
}


def _field(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": colour, "value": value} for colour, value in panel.limits.items()]
    marked = {"custom": {"thresholdsStyle": {"mode": "line"}}} if panel.limits and panel.kind == "timeseries" else {}
    colour = {"color": {"mode": "thresholds"}} if panel.kind == "stat" else {}
    return {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}, **colour, **marked}
