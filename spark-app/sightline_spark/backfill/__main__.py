"""`sightline-backfill`: images that are there already, each record of them classified once."""

import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

from py4j.protocol import Py4JError
from pydantic import ValidationError
from pyspark.errors import PySparkException

from sightline_common.logging import configure_logging
from sightline_common.settings import problems
from sightline_spark.backfill.app import backfill
from sightline_spark.backfill.arguments import PROGRAM, Options, parse
from sightline_spark.backfill.errors import Refused, reason
from sightline_spark.backfill.stopping import Stopped, untold_once_stopped
from sightline_spark.errors import ClassifierError
from sightline_spark.executors import wait_for_master
from sightline_spark.session import build_session, end_session
from sightline_spark.settings import ClassifierSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one backfill; returns the exit status."""
    options = parse(arguments)
    try:
        settings = settings_of(options, os.environ)
    except ValidationError as error:
        return _fail(2, *problems(error))
    configure_logging(settings, "backfill")
    logging.getLogger("py4j").setLevel(logging.CRITICAL)  # a job that is stopped makes it print Java's stack
    stop, came = Event(), [signal.SIGTERM.value]
    logging.getLogger().addFilter(untold_once_stopped(stop))

    def on_signal(number: int, _frame: object) -> None:
        came[0] = number
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    try:
        return _run(options, settings, stop)
    except Stopped as stopped:
        return _fail(128 + came[0], f"stopped{stopped}; the same command goes on from there")
    except Refused as error:
        return _fail(2, str(error))
    except ClassifierError as error:
        return _fail(1, str(error))
    except (PySparkException, Py4JError) as error:
        return _fail(1, reason(error))


def settings_of(options: Options, environment: Mapping[str, str]) -> ClassifierSettings:
    """The classifier's settings, as a backfill needs them.

    Raises:
        ValidationError: a setting is refused.
    """
    given: dict[str, Any] = {"classifier_trigger": "processing"}  # of the continuous one, batches are single images
    if not environment.get("SIGHTLINE_CLASSIFIER_MASTER"):
        given["classifier_master"] = "local[*]"
    if not environment.get("SIGHTLINE_LOG_FORMAT"):
        given["log_format"] = "text"
    if options.precision is not None:
        given["classifier_precision"] = options.precision
    if options.model is not None:
        given["default_model"] = options.model
    return ClassifierSettings(**given)


def _run(options: Options, settings: ClassifierSettings, stop: Event) -> int:
    sys.stderr.write("starting Spark\n")
    if not wait_for_master(settings, stop, lambda _trouble: None):  # its log says so
        raise Stopped
    spark = build_session(settings)
    try:
        return backfill(spark, options, settings, stop)
    finally:
        end_session(spark)


def _fail(status: int, *lines: str) -> int:
    sys.stderr.write("".join(f"{PROGRAM}: {line}\n" for line in lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
