"""One idempotent producer, kept connected: built, watched and replaced by a thread of its own.

kafka-python's producer connects while it is constructed, and an idempotent one never sends again once a batch of its
has expired (seen with 3.0.12: it waits for a producer id for ever). So nothing here waits for such a producer to
recover: whoever sees it fail discards it, and the thread builds the next one.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from sightline_common.kafka_topics import trouble
from sightline_common.kafka_words import cause, in_words
from sightline_common.management import Readiness
from sightline_common.settings import KafkaSettings

log = logging.getLogger(__name__)

# Longer, and an upload waits too long to learn that its fate is unknown; shorter, and a leader election fails it.
DELIVERY_TIMEOUT_MS: Final = 10_000
REQUEST_TIMEOUT_MS: Final = 5_000  # half of it: one lost answer leaves time for a second try
# How long after its death Kafka still counts as ready, and uploads meet "unknown" instead of "unavailable".
PROBE_INTERVAL_S: Final = 1.0
PROBE_TIMEOUT_MS: Final = 2_000
BOOTSTRAP_TIMEOUT_MS: Final = 5_000
# The client's default of 30 s would keep us away that long after Kafka is back.
RECONNECT_MAX_MS: Final = 1_000
_DISCARD_CLOSE_S: Final = 1.0
# Records that wait for a partition go together. With the client's 16 KB every photo is a batch of its own, and costs a
# copy more for each one that it finds waiting. A record that is alone does not wait for others.
BATCH_BYTES: Final = 1024 * 1024


class ProducerLink:
    """Lends the producer for one topic as long as that topic can be written to."""

    def __init__(
        self, settings: KafkaSettings, topic: str, *, client_id: str, failed: Callable[[Exception], object]
    ) -> None:
        """`failed` is called, from the link's thread, on a fault that no retry can mend."""
        self._settings = settings
        self._topic = topic
        self._client_id = client_id
        self._failed = failed
        self._readiness = Readiness(ok=False, reason="not connected to Kafka yet")
        self._producer: KafkaProducer | None = None
        self._partitions = 0
        self._discarded = False
        self._stopping = False
        self._wake = threading.Event()
        # Guards readiness with what it speaks of: a probe that ends late must not bless a discarded producer.
        self._state = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="kafka-link", daemon=True)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    def stop(self, deadline_s: float) -> None:
        """Flush what was sent and close, within `deadline_s` seconds. Blocks."""
        with self._state:
            self._stopping = True
            self._set(Readiness(ok=False, reason="shutting down"))
        self._wake.set()
        deadline = time.monotonic() + deadline_s
        self._thread.join(deadline_s)  # longer only while it connects, and then there is nothing to flush
        if self._producer is not None:
            _close(self._producer, max(0.0, deadline - time.monotonic()))

    @property
    def readiness(self) -> Readiness:
        """Whether the topic can be written to now, and why not."""
        return self._readiness

    @property
    def partitions(self) -> int:
        """The topic's number of partitions when it was last seen."""
        return self._partitions

    def producer(self) -> KafkaProducer | None:
        """The producer to use now, or None: the link is not ready."""
        return self._producer if self._readiness.ok else None

    def lends(self, producer: KafkaProducer) -> bool:
        """Whether `producer` is still the one to use."""
        return self.producer() is producer

    def discard(self, producer: KafkaProducer, reason: str, error: BaseException | None = None) -> None:
        """Replace `producer`, which failed; `error` is for the log. Safe from any thread and more than once."""
        with self._state:
            if producer is not self._producer or self._stopping:
                return
            self._discarded = True
            self._set(Readiness(ok=False, reason=reason), error)
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._session()
            except (KafkaError, OSError) as error:
                self._lost(f"Kafka cannot be reached: {in_words(error)}", error)
            except Exception as error:
                log.exception("the link to Kafka has failed")
                self._lost("it failed; the log has the cause")
                self._failed(error)
                return
            self._pause()

    def _session(self) -> None:
        admin = KafkaAdminClient(
            **_client_options(self._settings),
            client_id=f"{self._client_id}-probe",
            request_timeout_ms=PROBE_TIMEOUT_MS,
            bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS,
        )
        try:
            self._producer = KafkaProducer(**producer_options(self._settings, self._client_id))
            self._watch(admin)
        finally:
            admin.close()
            if not self._stopping:
                self._drop()

    def _watch(self, admin: KafkaAdminClient) -> None:
        """Probe until told to stop, or until Kafka was away so long that all that was in flight has expired."""
        answered = time.monotonic()
        while not self._stopping and not self._discarded:
            try:
                self._probe(admin)
                answered = time.monotonic()
            except KafkaError as error:
                self._lost(f"Kafka does not answer: {in_words(error)}", error)
                if time.monotonic() - answered > DELIVERY_TIMEOUT_MS / 1000:
                    return
            self._pause()

    def _probe(self, admin: KafkaAdminClient) -> None:
        (topic,) = admin.describe_topics([self._topic])
        lacking = trouble(topic)
        found = lacking is None
        reason = lacking or f"{len(topic['partitions'])} partitions"
        with self._state:
            if found:  # records on their way to a topic that was just deleted still divide by the old number
                self._partitions = len(topic["partitions"])
            if not self._discarded and not self._stopping:
                self._set(Readiness(ok=found, reason=reason))

    def _drop(self) -> None:
        with self._state:
            producer, self._producer, self._discarded = self._producer, None, False
        if producer is not None:
            _close(producer, _DISCARD_CLOSE_S)

    def _pause(self) -> None:
        self._wake.wait(PROBE_INTERVAL_S)
        self._wake.clear()

    def _lost(self, reason: str, error: BaseException | None = None) -> None:
        with self._state:
            if not self._stopping:
                self._set(Readiness(ok=False, reason=reason), error)

    def _set(self, readiness: Readiness, error: BaseException | None = None) -> None:
        if readiness.ok != self._readiness.ok:
            level = logging.INFO if readiness.ok else logging.WARNING
            log.log(level, "topic %s: %s", self._topic, readiness.reason, extra=cause(error))
        self._readiness = readiness


def producer_options(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """What every producer of ours is built with."""
    return {
        **_client_options(settings),
        "client_id": client_id,
        "acks": "all",
        "enable_idempotence": True,  # said outright: conflicting settings then raise instead of switching it off
        "max_request_size": settings.record_limit,
        "max_block_ms": PROBE_TIMEOUT_MS,
        "batch_size": min(BATCH_BYTES, settings.record_limit),
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "delivery_timeout_ms": DELIVERY_TIMEOUT_MS,
    }


def _client_options(settings: KafkaSettings) -> dict[str, Any]:
    return {**settings.client_options(), "reconnect_backoff_max_ms": RECONNECT_MAX_MS}


def sends_at_once(producer: KafkaProducer, topic: str) -> bool:
    """Whether `producer.send` will not block: it does only as long as it does not know the topic's partitions."""
    return producer._metadata.partitions_for_topic(topic) is not None  # noqa: SLF001 - the public call would block


def _close(producer: KafkaProducer, deadline_s: float) -> None:
    try:
        producer.close(timeout=deadline_s)
    except KafkaTimeoutError:
        # close() gives up before it ends the sender's thread, and there is no public call that does.
        log.warning("closing the producer took longer than %.1f s: what it still held failed", deadline_s)
        producer._sender.force_close()  # noqa: SLF001
        # Else the client's finaliser flushes again, and raises where nobody can catch it.
        producer._sender.join(_DISCARD_CLOSE_S)  # noqa: SLF001
