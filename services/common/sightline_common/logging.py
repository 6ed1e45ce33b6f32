"""One log format for every process: JSON lines for machines, one readable line for people at a terminal."""

import logging
import sys
from datetime import UTC, datetime

from pythonjsonlogger.json import JsonFormatter

from sightline_common.settings import LogFormat, ServiceSettings
from sightline_contracts.images import ImageRecord
from sightline_contracts.texts import Record
from sightline_contracts.traces import trace_id_of

# Kafka's client logs two records an attempt while a broker is down, for ever; we say it once ourselves.
_QUIET = ("kafka",)


def configure_logging(settings: ServiceSettings, service: str) -> None:
    """Send every log record of the process to standard error, in the format that the settings ask for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_TextFormatter(service) if writes_text(settings.log_format) else _json_formatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def writes_text(log_format: LogFormat) -> bool:
    """Whether that makes this process log lines for people rather than JSON."""
    return log_format == "text" or (log_format == "auto" and sys.stderr.isatty())


def log_fields(record: Record) -> dict[str, str]:
    """The `extra` of a line about one record: an image's id and, if it has one, its trace's; nothing for a text."""
    if not isinstance(record, ImageRecord):
        return {}
    trace_id = trace_id_of(record.traceparent)
    return {"image_id": record.id} | ({} if trace_id is None else {"trace_id": trace_id})


def _json_formatter(service: str) -> logging.Formatter:
    return JsonFormatter(
        "{message}{levelname}{name}",
        style="{",
        rename_fields={"levelname": "level", "name": "logger"},
        static_fields={"service": service},
        timestamp="time",
    )


class _TextFormatter(logging.Formatter):
    """`12:30:59.123 INFO gateway: message key=value`, with whatever `extra=` the caller gave."""

    _PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
        extra = "".join(f" {key}={value}" for key, value in vars(record).items() if key not in self._PLAIN)
        line = f"{at} {record.levelname} {self._service}: {record.getMessage()}{extra}"
        return line if record.exc_info is None else f"{line}\n{self.formatException(record.exc_info)}"
