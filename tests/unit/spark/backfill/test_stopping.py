"""What is told of a run that was stopped."""

import logging
from threading import Event

import pytest

from sightline_spark.backfill.stopping import untold_once_stopped


def test_a_call_that_a_stop_left_alone_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """Ctrl-C while the model was loaded ended in a traceback of py4j; without a stop, Spark's end is no secret."""
    stop = Event()
    untold = untold_once_stopped(stop)
    root = logging.getLogger()
    root.addFilter(untold)
    try:
        root.error("Exception while sending command.")
        stop.set()
        root.error("Exception while sending command.")
        root.error("else")
    finally:
        root.removeFilter(untold)
    assert caplog.messages == ["Exception while sending command.", "else"]
