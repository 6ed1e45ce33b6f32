"""The classifier's stop, where no Spark is needed to see it."""

import logging
from threading import Event
from unittest.mock import MagicMock

import pytest
from py4j.protocol import Py4JJavaError

from sightline_spark.app import Classifier
from sightline_spark.settings import ClassifierSettings


def test_a_query_that_does_not_end_does_not_keep_the_classifier(caplog: pytest.LogCaptureFixture) -> None:
    """Spark gives up after its limit with an exception: the stop ended in a traceback."""
    late = MagicMock()
    late.getMessage.return_value = "failed to stop within 20000 milliseconds"
    query = MagicMock()
    query.stop.side_effect = Py4JJavaError("calling stop", late)

    with caplog.at_level(logging.WARNING):
        Classifier(ClassifierSettings(), Event())._finish(MagicMock(), query)
    assert [record.getMessage() for record in caplog.records] == [
        "the query does not end, so its batch is cut short and repeated: failed to stop within 20000 milliseconds"
    ]
