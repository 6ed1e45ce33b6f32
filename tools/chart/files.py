"""Every file of the chart that follows from something else."""

import json
from pathlib import Path
from typing import Final

from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, load_topics
from tools.chart.readme import readme
from tools.chart.schema import values_schema
from tools.chart.values_file import values_yaml
from tools.observability.dashboards import dashboard_files

ROOT: Final = Path(__file__).resolve().parents[2]
CHART: Final = ROOT / "charts" / "sightline"
ALERTS: Final = ROOT / "deploy" / "observability" / "alerts.yml"
# What production takes: one broker may be away, and what was acknowledged is on two.
_REPLICAS: Final = 3
_IN_SYNC: Final = 2


def chart_files() -> dict[Path, str]:
    """Path and text of each file that `make gen` writes into the chart."""
    written = {
        CHART / "values.yaml": values_yaml(),
        CHART / "values.schema.json": values_schema(),
        CHART / "README.md": readme(),
        CHART / "LICENSE": (ROOT / "LICENSE").read_text(encoding="utf-8"),
        CHART / "files" / "topics.json": _topics(),
    }
    return written | {CHART / "files" / name: text for name, text in _copies().items()}


def _copies() -> dict[str, str]:
    """Helm packs only what is in the chart's folder, so alerts and dashboards are there a second time."""
    alerts = {"alerts.yml": ALERTS.read_text(encoding="utf-8")}
    return alerts | {f"dashboards/{path.name}": text for path, text in dashboard_files().items()}


def _topics() -> str:
    """The topics' contracts, for the Strimzi operator and for those who create topics by hand.

    The operator's templates put in what follows from the values: replicas, and the limit of the largest image.
    """
    topics = [
        {
            "name": topic.name,
            "partitions": topic.partitions,
            "replicas": topic.replication_factor,
            "producers": topic.producers,
            "consumers": topic.consumers,
            "config": dict(topic.config),
        }
        for topic in load_topics(DEFAULT_MAX_IMAGE_BYTES, replication_factor=_REPLICAS, min_insync_replicas=_IN_SYNC)
    ]
    return json.dumps(topics, indent=2) + "\n"
