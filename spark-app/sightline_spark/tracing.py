"""Where the engine sends its spans: OpenTelemetry's variables, read for the JVMs that have no SDK of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Self
from urllib.parse import unquote

from sightline_common.tracing import traces_endpoint


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """The fields of Java's `TraceOptions`: the collector's URL, its headers, and what the process says it is."""

    endpoint: str
    headers: dict[str, str] = field(repr=False)  # may hold credentials
    resource: dict[str, str]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self | None:
        """From the variables of `environment`; None: nobody collects spans."""
        endpoint = traces_endpoint(environment)
        if endpoint is None:
            return None
        own = {"service.namespace": "sightline", "service.version": version("sightline-spark")}
        told = _pairs(environment.get("OTEL_RESOURCE_ATTRIBUTES", ""))
        resource = {"service.name": "sightline-classifier", **own, **told}
        if name := environment.get("OTEL_SERVICE_NAME"):
            resource["service.name"] = name
        headers = environment.get("OTEL_EXPORTER_OTLP_TRACES_HEADERS") or environment.get("OTEL_EXPORTER_OTLP_HEADERS")
        return cls(endpoint, _pairs(headers or ""), resource)


def _pairs(text: str) -> dict[str, str]:
    """The pairs of `key=value,key=value`, percent-encoded; others are left out."""
    split = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in split if name.strip()}
