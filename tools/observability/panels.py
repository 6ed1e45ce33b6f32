"""What the dashboards show, panel by panel.

Every gateway reads every result, so what gateways count of results is taken as the largest of them, never summed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Panel:
    """Queries by legend; `limits` are values by the colour from which on it is shown. Widths are of 24 columns."""

    title: str
    unit: str
    queries: Mapping[str, str]
    meaning: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    kind: Literal["stat", "timeseries"] = "timeseries"
    width: int = 8

    @property
    def height(self) -> int:
        """In Grafana's rows."""
        return 4 if self.kind == "stat" else 8


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Panels by the row that they stand in."""

    title: str
    rows: Mapping[str, tuple[Panel, ...]]


def _stat(title: str, unit: str, expression: str, meaning: str, **limits: float) -> Panel:
    return Panel(title, unit, {"": expression}, meaning, limits, kind="stat", width=4)


def _quantiles(histogram: str) -> dict[str, str]:
    series = f"sum by (le) (rate({histogram}_bucket[$__rate_interval]))"
    return {f"p{q}": f"histogram_quantile(0.{q}, {series})" for q in (50, 95, 99)}


def _processes(service: str) -> tuple[Panel, ...]:
    """Memory and processor time of the instances of `service`."""
    own = f'and on (job, instance) sightline_build_info{{service="{service}"}}'
    return (
        Panel("Memory", "bytes", {"{{instance}}": f"process_resident_memory_bytes {own}"}),
        Panel(
            "Processor",
            "percentunit",
            {"{{instance}}": f"rate(process_cpu_seconds_total[$__rate_interval]) {own}"},
            "Cores in use. The classifier's JVM is a process of its own and not in it.",
        ),
    )


_OUTCOMES: Final = "sightline_gateway_view_outcomes_total"
_UPLOADS: Final = "sightline_gateway_uploads_total"
_RATE: Final = "[$__rate_interval])"
_FRAMES: Final = "sightline_bridge_frames_total"
_REFUSED: Final = f'{_UPLOADS}{{outcome!~"accepted|repeated"}}'
_FAILED_SHARE: Final = (
    f'max(sum by (job, instance) (rate({_OUTCOMES}{{status="failed"}}[10m])))'
    f" / max(sum by (job, instance) (rate({_OUTCOMES}[10m])))"
)
_USED: Final = {
    "gateway {{instance}}": "sightline_gateway_in_flight_bytes / sightline_gateway_in_flight_limit_bytes",
    "bridge {{instance}}": "sightline_bridge_held_bytes / sightline_bridge_held_limit_bytes",
}
_MEAN_BYTES: Final = (
    "sum(increase(sightline_gateway_upload_bytes_total[1d]) or increase(sightline_bridge_published_bytes_total[1d]))"
    f' / sum(increase({_UPLOADS}{{outcome="accepted"}}[1d]) or increase({_FRAMES}{{result="published"}}[1d]))'
)
_RETENTION: Final = {
    "by size, as large as a day's mean image": (
        f"sightline_classifier_lag_partition_records * scalar({_MEAN_BYTES}) / sightline_classifier_retention_bytes"
    ),
    "by time": "sightline_classifier_oldest_unread_seconds / sightline_classifier_retention_seconds",
}

OVERVIEW: Final = Dashboard(
    "Sightline: overview",
    {
        "Now": (
            _stat("Services", "short", "count(count by (service) (sightline_build_info))", "Kinds that answer, of 3"),
            _stat("Images waiting", "short", "sum(sightline_classifier_lag_records)", "In Kafka, not classified yet"),
            _stat(
                "Oldest waits",
                "s",
                "max(sightline_classifier_oldest_unread_seconds)",
                "How long the oldest unread image has waited",
                orange=60,
                red=600,
            ),
            _stat("Failed", "percentunit", _FAILED_SHARE, "Images that could not be classified", orange=0.05, red=0.1),
            _stat(
                "Alerts", "short", 'count(ALERTS{alertname=~"Sightline.*",alertstate="firing"}) or vector(0)', "", red=1
            ),
            _stat("Uploads in doubt", "short", f'sum(increase({_UPLOADS}{{outcome="delivery-unknown"}}[1h]))', ""),
        ),
        "The stream": (
            Panel(
                "Images a second",
                "short",
                {
                    "accepted over HTTP": f'sum(rate({_UPLOADS}{{outcome="accepted"}}[$__rate_interval]))',
                    "published over TCP": f'sum(rate({_FRAMES}{{result="published"}}[$__rate_interval]))',
                    "classified or failed": "sum(rate(sightline_classifier_images_total[$__rate_interval]))",
                },
                "What comes in should come out: a lasting gap is a growing backlog.",
            ),
            Panel("Images waiting", "short", {"{{instance}}": "sightline_classifier_lag_records"}),
            Panel(
                "Of what Kafka keeps, unread",
                "percentunit",
                _RETENTION,
                "At 100 % Kafka deletes images that nobody has classified.",
                {"red": 0.5},
            ),
            Panel("Accepted to classified", "s", _quantiles("sightline_gateway_result_seconds")),
            Panel(
                "Where an image's time goes",
                "s",
                {
                    "{{stage}}": "sum by (stage) (rate(sightline_gateway_result_stage_seconds_sum[$__rate_interval]))"
                    " / sum by (stage) (rate(sightline_gateway_result_stage_seconds_count[$__rate_interval]))"
                },
                "Means. A long queue: too few cores, or a backlog. Long decoding: large images.",
            ),
            Panel("Head of a request to Kafka's yes", "s", _quantiles("sightline_gateway_accept_seconds")),
        ),
        "Trouble": (
            Panel(
                "Failed images a second",
                "short",
                {"{{code}}": f'max by (code) (rate({_OUTCOMES}{{status="failed"}}[$__rate_interval])) > 0'},
            ),
            Panel(
                "Refused uploads a second",
                "short",
                {"{{outcome}}": f"sum by (outcome) (rate({_REFUSED}[$__rate_interval])) > 0"},
            ),
            Panel("Bytes held, of the limit", "percentunit", _USED, "Back-pressure begins at 100 %.", {"red": 0.8}),
        ),
    },
)

SERVICES: Final = Dashboard(
    "Sightline: services",
    {
        "Gateway": (
            Panel("Ready", "short", {"{{instance}} {{check}}": "sightline_gateway_ready"}, "What /readyz says"),
            Panel("Hand-over to Kafka's yes", "s", _quantiles("sightline_gateway_publish_seconds")),
            Panel("Waits for a result", "s", _quantiles("sightline_gateway_wait_seconds")),
            Panel(
                "Results view",
                "short",
                {
                    "{{instance}} unread": "sightline_gateway_view_lag_records",
                    "{{instance}} kept": "sightline_gateway_view_rows",
                },
            ),
            Panel(
                "Results a second",
                "short",
                {
                    "{{instance}} new": "rate(sightline_gateway_view_results_total[$__rate_interval])",
                    "{{instance}} known": "rate(sightline_gateway_view_duplicates_total[$__rate_interval])",
                    "{{instance}} invalid": "rate(sightline_gateway_view_invalid_total[$__rate_interval])",
                },
                "Known ones are repeats after a restart of the classifier.",
            ),
            Panel("Readers of the live stream", "short", {"{{instance}}": "sightline_gateway_stream_readers"}),
            *_processes("gateway"),
        ),
        "Bridge": (
            Panel("Ready", "short", {"{{instance}} {{check}}": "sightline_bridge_ready"}, "What /readyz says"),
            Panel(
                "Sources that can bring frames",
                "short",
                {"{{instance}} {{source}}": "sightline_bridge_source_up"},
                "Listening, connected or open: 1",
            ),
            Panel("Last byte to Kafka's yes", "s", _quantiles("sightline_bridge_publish_seconds")),
            Panel(
                "Connections",
                "short",
                {
                    "{{instance}} {{source}} open": "sightline_bridge_connections",
                    "{{instance}} {{source}} held back": "sightline_bridge_waiting_connections",
                    "{{instance}} {{source}} limit": "sightline_bridge_connection_limit",
                },
            ),
            Panel(
                "Bytes a second",
                "Bps",
                {
                    f"{{{{source}}}} {way}": f"sum by (source) (rate(sightline_bridge_{way}_bytes_total{_RATE})"
                    for way in ("received", "published")
                },
            ),
            Panel(
                "Frames that were not published, a second",
                "short",
                {
                    "{{source}} {{result}}": f'sum by (source, result) (rate({_FRAMES}{{result!="published"}}'
                    "[$__rate_interval])) > 0"
                },
            ),
            Panel(
                "Ends of connections a second",
                "short",
                {
                    "{{source}} {{reason}}": "sum by (source, reason) "
                    "(rate(sightline_bridge_connection_ends_total[$__rate_interval])) > 0"
                },
            ),
            *_processes("bridge"),
        ),
        "Classifier": (
            Panel(
                "Ready",
                "short",
                {
                    "{{instance}} query runs": "sightline_classifier_query_running",
                    "{{instance}} Kafka answers": "sightline_classifier_kafka_up",
                },
            ),
            Panel("Last micro-batch", "s", {"{{instance}}": "sightline_classifier_batch_seconds"}),
            Panel("Images of the last micro-batch", "short", {"{{instance}}": "sightline_classifier_batch_images"}),
            Panel(
                "Since",
                "s",
                {
                    "{{instance}} last progress": "time() - (sightline_classifier_last_progress_timestamp_seconds > 0)",
                    "{{instance}} checkpoint": "time() - (sightline_classifier_checkpoint_timestamp_seconds > 0)",
                },
                "Both stand still while no image comes.",
            ),
            Panel("Dead letters an hour", "short", {"": "sum(increase(sightline_classifier_dead_letters_total[1h]))"}),
            *_processes("classifier"),
        ),
    },
)

DASHBOARDS: Final = {"overview": OVERVIEW, "services": SERVICES}
