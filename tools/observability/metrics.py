"""docs/metrics.md, from the metric objects of the services themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from sightline_bridge.metrics import BridgeMetrics
from sightline_gateway.metrics import Metrics
from sightline_spark.metrics import ClassifierMetrics

PATH: Final = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
_HEAD: Final = """\
# Metrics

Every metric of the services, as Prometheus sees it; `make gen` writes this page from the metric objects. What to do
about them is in [operations.md](operations.md). Durations are in seconds, sizes in bytes, counters end in `_total`;
a histogram NAME gives `NAME_bucket`, `NAME_sum` and `NAME_count`. Every label value exists from the start, so that a
rate is never missing.

Every gateway reads every result, so what it counts of results (`view_...`, `result_...`) is the same on all replicas:
take `max` over them, not `sum`. A gateway that starts without its view reads the whole topic and counts all of it.
"""
_RUNTIME: Final = """\
`process_...` (memory, processor time, open files, start time) and `python_info` come with every service.
"""


def registries() -> dict[str, CollectorRegistry]:
    """The metrics of each service, as they are when it starts, by the service's name."""
    bridge, classifier = CollectorRegistry(), CollectorRegistry()
    of_bridge = BridgeMetrics(bridge, ["default"])
    of_bridge.of("default").datagrams()
    for check in ("topic:NAME", "source:NAME"):  # there is one for each topic of text lines, and for each source
        of_bridge.ready.labels(check)
    ClassifierMetrics(classifier)
    return {"gateway": Metrics().registry, "bridge": bridge, "classifier": classifier}


def sample_names() -> set[str]:
    """The name of every series that a query can name; `up` and the like, which Prometheus makes, are not among them."""
    return {
        sample.name for registry in registries().values() for family in registry.collect() for sample in family.samples
    }


def page() -> str:
    """The text of docs/metrics.md."""
    own = {service: list(_own(registry)) for service, registry in registries().items()}
    builds = {family.name: family for families in own.values() for family in families if family.type == "info"}
    sections = [_section("Every service", list(builds.values()))]
    for service, families in own.items():
        sections.append(_section(service.capitalize(), [family for family in families if family.name not in builds]))
    return "\n".join([_HEAD, *sections, _RUNTIME])


def _own(registry: CollectorRegistry) -> Iterator[Metric]:
    return (family for family in registry.collect() if family.name.startswith("sightline_"))


def _section(title: str, families: list[Metric]) -> str:
    rows = "".join(_row(family) for family in families)
    return f"## {title}\n\n| name | type | labels | meaning |\n| --- | --- | --- | --- |\n{rows}"


def _row(family: Metric) -> str:
    suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
    kind = "gauge" if family.type == "info" else family.type
    return f"| `{family.name}{suffix}` | {kind} | {_labels(family)} | {family.documentation} |\n"


def _labels(family: Metric) -> str:
    values: dict[str, list[str]] = {}
    for sample in family.samples:
        for label, value in sample.labels.items():
            if label != "le" and value not in values.setdefault(label, []):
                values[label].append(value)
    return "; ".join(_label(label, known) for label, known in values.items())


def _label(label: str, values: list[str]) -> str:
    if label in ("service", "version", "source"):  # another in each service, with each release, for each source
        return f"`{label}`"
    return f"`{label}`: {', '.join(values)}"
