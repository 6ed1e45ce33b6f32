"""Keeps the results view up to date: a thread that follows the results topic from where the view is.

Partitions are assigned outright, without a consumer group: every replica of the gateway reads all results, and the
place to go on from is in the view itself.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from sightline_common.kafka_words import cause, in_words
from sightline_common.management import Readiness
from sightline_contracts.errors import ContractError
from sightline_contracts.ids import is_image_id
from sightline_contracts.origins import decode_origin
from sightline_contracts.results import Result, decode_result
from sightline_contracts.topics import RESULTS
from sightline_gateway.metrics import Metrics
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.view.store import Arrival, Store
from sightline_gateway.view.topics import REQUEST_TIMEOUT_MS, ResultsTopic, TopicMissing, TopicWatch
from sightline_gateway.view.view import ResultsView

log = logging.getLogger(__name__)

_BATCH_RECORDS: Final = 1_000  # one transaction of about 30 ms; more delays waiters, fewer cost throughput
_POLL_MS: Final = 200  # how long a stop waits at most; results wake the poll at once
_CHECK_S: Final = 2.0  # how long a broker is gone before /readyz says so
_RETRY_S: Final = (0.5, 5.0)  # first and longest pause before the next try to connect
_TRIMS: Final = 5  # calls of trim a check: 10,000 rows, 5,000 a second, as fast as results are written
_MAX_RESULT_BYTES: Final = 64 * 1024  # a result has about 600; the live stream's buffer is bounded in events


class ResultsFeed:
    """Start it once; `stop` ends the thread. `failed` is called from it on a fault that no retry can mend."""

    def __init__(
        self,
        settings: GatewaySettings,
        store: Store,
        view: ResultsView,
        metrics: Metrics,
        failed: Callable[[], object],
    ) -> None:
        self._settings = settings
        self._store = store
        self._view = view
        self._metrics = metrics
        self._failed = failed
        self._next: dict[int, int] = {}
        self._following = Readiness(ok=False, reason="not connected to Kafka yet")
        self._topics = Readiness(ok=False, reason="not connected to Kafka yet")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="results-feed", daemon=True)

    def start(self) -> None:
        """Begin to follow; a Kafka that is down is waited for."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Blocks until the batch at hand is stored."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def readiness(self) -> dict[str, Readiness]:
        """Whether the topics are as they should be, and whether the view follows its topic."""
        return {"topics": self._topics, "results view": self._following}

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = _RETRY_S[0]
        while not self._stop.is_set():
            try:
                self._session()
                pause = _RETRY_S[0]
            except KafkaError as error:
                self._not_following(f"Kafka cannot be reached: {in_words(error)}", error)
                self._topics = Readiness(ok=False, reason="Kafka cannot be reached")
            except TopicMissing:
                self._not_following(self._topics.reason)
            except sqlite3.Error as error:
                self._not_following(f"the view's file cannot be used: {error}")
            except Exception:
                log.exception("the results view has failed")
                self._not_following("it failed; the log has the cause")
                self._failed()
                return
            self._stop.wait(pause)
            pause = min(pause * 2, _RETRY_S[1])

    def _session(self) -> None:
        """Follow the topic until it changes, Kafka is away for long, or the feed is stopped."""
        with closing(TopicWatch(self._settings)) as watch, closing(self._connect()) as consumer:
            topic = self._look(watch)
            self._assign(consumer, topic)
            checked = time.monotonic()
            while not self._stop.is_set():
                self._take(consumer.poll(timeout_ms=_POLL_MS, max_records=_BATCH_RECORDS))
                if time.monotonic() - checked >= _CHECK_S:
                    if self._look(watch) != topic:
                        log.warning("topic %s has changed: reading it anew", RESULTS)
                        return
                    self._report(consumer)
                    self._trim()
                    checked = time.monotonic()

    def _connect(self) -> KafkaConsumer:
        return KafkaConsumer(
            **self._settings.client_options(),
            client_id="gateway-results",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",  # an offset that is gone is for us to judge, never skipped in silence
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=REQUEST_TIMEOUT_MS,
            request_timeout_ms=5_000,
            reconnect_backoff_max_ms=1_000,
            metadata_max_age_ms=30_000,
        )

    def _look(self, watch: TopicWatch) -> ResultsTopic:
        self._topics, topic = watch.look()
        if topic is None:
            raise TopicMissing
        return topic

    def _assign(self, consumer: KafkaConsumer, topic: ResultsTopic) -> None:
        partitions = {number: TopicPartition(RESULTS, number) for number in topic.partitions}
        first = consumer.beginning_offsets(list(partitions.values()), timeout_ms=REQUEST_TIMEOUT_MS)
        end = consumer.end_offsets(list(partitions.values()), timeout_ms=REQUEST_TIMEOUT_MS)
        starts = {number: first[partition] for number, partition in partitions.items()}
        self._next = self._resume(topic, starts, {number: end[partition] for number, partition in partitions.items()})
        consumer.assign(list(partitions.values()))
        for number, partition in partitions.items():
            consumer.seek(partition, self._next[number])
        lag = sum(end[partition] - self._next[number] for number, partition in partitions.items())
        log.info("following topic %s", RESULTS, extra={"partitions": len(partitions), "behind": lag})
        self._set_following(lag)

    def _resume(self, topic: ResultsTopic, starts: dict[int, int], ends: dict[int, int]) -> dict[int, int]:
        """The offset to read next by partition: the stored one where the topic still has it."""
        stored = self._store.next_offsets()
        cut_back = [number for number, offset in stored.items() if offset > ends.get(number, 0)]
        if self._store.topic != topic.tag or cut_back:
            if self._store.topic:
                self._metrics.restarts.inc()
                log.warning("topic %s was re-created or cut back: reading it from its beginning", RESULTS)
            self._view.restart(topic.tag, starts)
            return starts
        missed = {
            number: start - stored[number] for number, start in starts.items() if start > stored.get(number, start)
        }
        if missed:
            self._metrics.missed.inc(sum(missed.values()))
            log.warning("Kafka deleted %d results before they were read", sum(missed.values()), extra={"by": missed})
        return {number: max(start, stored.get(number, start)) for number, start in starts.items()}

    def _take(self, polled: dict[TopicPartition, list[Any]]) -> None:
        if not polled:
            return
        arrivals: list[Arrival] = []
        for partition, records in polled.items():
            arrivals.extend(self._decoded(records))
            self._next[partition.partition] = records[-1].offset + 1
        self._view.apply(arrivals, self._next)

    def _decoded(self, records: Iterable[Any]) -> Iterable[Arrival]:
        for record in records:
            try:
                origin = decode_origin(record.headers)
                yield Arrival(record.partition, record.offset, _decode(record.value), origin)
            except ContractError as error:
                self._metrics.invalid.inc()
                place = {"partition": record.partition, "offset": record.offset}
                log.warning("a record of topic %s is no result: %s", RESULTS, error, extra=place)

    def _report(self, consumer: KafkaConsumer) -> None:
        ends = {number: consumer.highwater(TopicPartition(RESULTS, number)) for number in self._next}
        self._set_following(sum(max(0, (ends[number] or 0) - offset) for number, offset in self._next.items()))

    def _trim(self) -> None:
        max_age_s = self._settings.gateway_view_hours * 3600
        for _ in range(_TRIMS):
            if self._store.trim(self._settings.gateway_view_rows, max_age_s) == 0:
                break
        self._metrics.rows.set(self._store.rows)

    def _set_following(self, lag: int) -> None:
        self._metrics.lag.set(lag)
        self._following = Readiness(ok=True, reason=f"{self._store.rows} results, {lag} to read")

    def _not_following(self, reason: str, error: KafkaError | None = None) -> None:
        if self._following.ok or self._following.reason != reason:
            log.warning("results view is not up to date: %s", reason, extra=cause(error))
        self._following = Readiness(ok=False, reason=reason)


def _decode(value: bytes | None) -> Result:
    if value is not None and len(value) > _MAX_RESULT_BYTES:
        raise ContractError(f"{len(value)} bytes exceed the limit of {_MAX_RESULT_BYTES}")
    result = decode_result(value)
    if not is_image_id(result.id):
        raise ContractError(f"id is not an image id: {result.id!r}")
    return result
