"""Peers that were not let in: each counted, and told about in the log once a second at most."""

import logging
from typing import final

from sightline_bridge.metrics import ConnectionEnd, SourceMetrics
from sightline_common.paced_log import PacedLog


@final
class Refusals:
    """Those of one source, and so is the log's pace."""

    def __init__(self, source: str, metrics: SourceMetrics, log: PacedLog) -> None:
        self._source = source
        self._metrics = metrics
        self._log = log

    def note(self, end: ConnectionEnd, peer: str, why: str) -> None:
        """Count `peer`, turned away by `end`; `why` begins with `it`."""
        self._metrics.connection_end(end)
        extra = {"source": self._source, "peer": peer, "reason": end.value}
        self._log.write(logging.WARNING, f"connection refused: {why}", extra)
