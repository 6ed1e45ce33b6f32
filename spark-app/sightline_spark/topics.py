"""Waiting for Kafka and the topics, so that processes may start in any order."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Event
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from sightline_common.kafka_topics import trouble
from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings

log = logging.getLogger(__name__)

_FIRST_DELAY_S: Final = 0.25
_LAST_DELAY_S: Final = 5.0  # longer, and people wait for a classifier whose Kafka is long up
_BOOTSTRAP_TIMEOUT_MS: Final = 3000


def wait_for_topics(settings: ClassifierSettings, stop: Event, tell: Callable[[str], object]) -> str | None:
    """Return Kafka's id of the image topic once it has every topic of the query, None when `stop` was set before.

    What it waits for goes to the log once and to `tell`.

    Raises:
        ClassifierError: the continuous trigger has fewer tasks than the image topic has partitions.
    """
    reason = ""
    for delay in _delays():
        try:
            return _image_topic(settings)
        except _NotYet as missing:
            if str(missing) != reason:
                reason = str(missing)
                log.info("waiting: %s", reason)
                tell(reason)
        if stop.wait(delay):
            return None
    raise AssertionError("the delays never end")


def _delays() -> Iterator[float]:
    delay = _FIRST_DELAY_S
    while True:
        yield delay
        delay = min(delay * 2, _LAST_DELAY_S)


class _NotYet(Exception):
    """What Kafka lacks, in words."""


def _image_topic(settings: ClassifierSettings) -> str:
    names = [
        settings.classifier_images_topic,
        settings.classifier_results_topic,
        settings.classifier_dead_letters_topic,
    ]
    try:
        admin = KafkaAdminClient(
            **settings.client_options(), client_id="classifier", bootstrap_timeout_ms=_BOOTSTRAP_TIMEOUT_MS
        )
        with closing(admin):
            topics: list[dict[str, Any]] = admin.describe_topics(names)
    except KafkaError as error:
        raise _NotYet(f"Kafka at {settings.kafka_bootstrap_servers} does not answer: {error}") from error
    lacking = trouble(*topics)
    if lacking is not None:
        raise _NotYet(f"Kafka: {lacking}")
    images = next(topic for topic in topics if topic["name"] == settings.classifier_images_topic)
    _check_cores(settings, len(images["partitions"]))
    return str(images["topic_id"])


def _check_cores(settings: ClassifierSettings, partitions: int) -> None:
    slots = settings.task_slots
    if settings.classifier_trigger != "continuous" or slots is None or slots >= partitions:
        return
    remedy = (
        f"set SIGHTLINE_CLASSIFIER_MASTER to local[{partitions}]"
        if settings.local_master
        else f"set SIGHTLINE_CLASSIFIER_EXECUTORS x SIGHTLINE_CLASSIFIER_EXECUTOR_CORES to {partitions}"
    )
    raise ClassifierError(
        f"the continuous trigger keeps one task a partition: {settings.classifier_images_topic} has {partitions},"
        f" {settings.master} runs {slots}; {remedy}"
    )
