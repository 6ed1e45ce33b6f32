"""`python -m sightline_spark`: classify Kafka's image topic until SIGTERM or SIGINT; exit 0 after a clean stop."""

import argparse
import logging
import signal
import sys
from threading import Event

from pydantic import ValidationError

from sightline_common.logging import configure_logging
from sightline_common.settings import describe, problems
from sightline_spark.app import Classifier
from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings

_PURPOSE = """\
Classify the images of a Kafka topic with Spark Structured Streaming and BigDL models.

Reads the topic `images`, writes one result an image to `results`, and what cannot be classified to `dead-letters` as
well. Starts in any order with Kafka and waits for the topics. Stops on SIGTERM or Ctrl-C after the running batch and
goes on from there when started again; after a crash it repeats at most the last second.
"""


def main() -> None:
    """Run the classifier; exit 1 with one line when it cannot run, 2 for a refused setting."""
    settings = parse_settings()
    configure_logging(settings, "classifier")
    logging.getLogger("py4j").setLevel(logging.WARNING)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        Classifier(settings, stop).run()
    except ClassifierError as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - the message says it all
        sys.exit(1)


def parse_settings(arguments: list[str] | None = None) -> ClassifierSettings:
    """The settings from the environment and, stronger, the command line; exits with status 2 when one is refused."""
    parser = argparse.ArgumentParser(
        prog="sightline-classify",
        description=_PURPOSE,
        epilog=describe(ClassifierSettings),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--trigger",
        choices=["processing", "continuous"],
        help="processing: micro-batches, for throughput and low latency (the default); continuous: record by record,"
        " for the lowest latency at a lower throughput",
    )
    trigger = parser.parse_args(arguments).trigger
    try:
        return ClassifierSettings() if trigger is None else ClassifierSettings(classifier_trigger=trigger)
    except ValidationError as error:
        parser.exit(2, "".join(f"{parser.prog}: {problem}\n" for problem in problems(error)))


if __name__ == "__main__":
    main()
