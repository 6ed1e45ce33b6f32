"""Uploads that go on while things break, with a ledger of what was promised, and what Kafka really has."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import cycle
from typing import Any

import httpx
from kafka import KafkaConsumer, TopicPartition

from sightline_contracts.topics import IMAGES
from tests.unit.gateway.process import image_bytes, wait_until

_SENDERS = 4
_PAUSE_S = 0.01  # between uploads: without it the senders would take the processor from what they watch
_BODIES = 20
_QUICK_S = 2.0  # a busy machine needs one for an upload; what waits for a client that is stuck needs ten


@dataclass
class Load:
    """What became of the uploads: 202 is a promise, 503 and broken connections are none, anything else is wrong."""

    accepted: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # that each accepted one took, in order of acceptance
    refused: Counter[str] = field(default_factory=Counter)  # by problem code
    broken: int = 0
    wrong: list[str] = field(default_factory=list)
    sent: set[bytes] = field(default_factory=set)  # SHA-256 of the bodies

    def await_more(self, uploads: int, deadline_s: float = 40) -> None:
        """Wait until so many more were accepted than now."""
        enough = len(self.accepted) + uploads
        wait_until(lambda: len(self.accepted) >= enough, deadline_s)

    def await_quick(self, deadline_s: float = 60) -> None:
        """Wait until 99 of 100 uploads in a row were quick, none of them accepted before now."""
        first = len(self.seconds)
        wait_until(lambda: len(self.seconds) >= first + 100 and sorted(self.seconds[-100:])[98] < _QUICK_S, deadline_s)

    def note(self, answer: httpx.Response, took_s: float) -> None:
        """Enter an answer."""
        if answer.status_code == 202:
            self.seconds.append(took_s)
            self.accepted.append(answer.json()["id"])
        elif answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0:
            self.refused[answer.json()["code"]] += 1
        else:
            self.wrong.append(answer.text)


@contextmanager
def uploading(url: str, *, noise: int = 0) -> Iterator[Load]:
    """Uploads without end from several connections; images of `noise` x `noise` random pixels, or small equal ones.

    They have stopped when this is left, and no answer was of a kind that no client should get.
    """
    load, stop = Load(), threading.Event()
    bodies = [image_bytes(size=(noise, noise), noise=True) for _ in range(_BODIES)] if noise else [image_bytes()]
    load.sent.update(sha256(body).digest() for body in bodies)
    senders = [threading.Thread(target=_send, args=(url, bodies, load, stop)) for _ in range(_SENDERS)]
    for sender in senders:
        sender.start()
    try:
        yield load
    finally:
        stop.set()
        for sender in senders:
            sender.join()
    assert not load.wrong, load.wrong[:3]


def _send(url: str, bodies: list[bytes], load: Load, stop: threading.Event) -> None:
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        for body in cycle(bodies):
            began = time.monotonic()
            try:
                answer = client.post("/v1/images", content=body)
            except httpx.TransportError:
                load.broken += 1
            else:
                load.note(answer, time.monotonic() - began)
            if stop.wait(_PAUSE_S):
                return


def published(bootstrap_servers: str) -> Iterator[Any]:
    """The consumer records of all images that Kafka has now."""
    options = {"bootstrap_servers": bootstrap_servers, "consumer_timeout_ms": 60_000}
    with closing(KafkaConsumer(**options, max_partition_fetch_bytes=11_000_000)) as consumer:
        partitions = [TopicPartition(IMAGES, number) for number in consumer.partitions_for_topic(IMAGES)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        left = sum(consumer.end_offsets(partitions).values()) - sum(consumer.beginning_offsets(partitions).values())
        for record, _ in zip(consumer, range(left), strict=False):
            yield record


def assert_nothing_lost(load: Load, bootstrap_servers: str) -> None:
    """Every image that was promised is in Kafka."""
    found = {record.key.decode() for record in published(bootstrap_servers)}
    lost = set(load.accepted) - found
    assert not lost, f"{len(lost)} of {len(load.accepted)} accepted images are not in Kafka: {sorted(lost)[:5]}"
