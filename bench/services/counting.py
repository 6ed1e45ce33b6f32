"""How many records a topic has while a program writes to it: the broker's count, the same for every contender."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Final, Self

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, IMAGES, Topic, load_topics

DEADLINE_S: Final = 60.0
SAMPLE_S: Final = 0.05  # asking the broker for its ends costs 1 ms

BYTES_PER_S: Final = 60_000_000

Sample = tuple[float, int]  # when (seconds), and how many records the topic had gained


@dataclass(frozen=True, slots=True)
class Records:
    """What one run sends: records of `size` bytes, `warm_up` of them before it counts."""

    size: int
    warm_up: int
    counted: int

    @classmethod
    def of(cls, size: int, seconds: float, warm_up_bytes: int) -> Self:
        """As many as take a producer about so many seconds, after the warm-up."""
        return cls(size, warm_up_bytes // size, int(seconds * BYTES_PER_S) // size)

    @property
    def total(self) -> int:
        """All of them."""
        return self.warm_up + self.counted


class Gauge:
    """Counts the records that `topic` gains from now on."""

    def __init__(self, bootstrap: str, topic: Topic) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap)
        self._partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        self._begin = 0
        self._begin = self.records()

    def records(self) -> int:
        """The records gained."""
        return int(sum(self._consumer.end_offsets(self._partitions).values())) - self._begin

    def samples(self, total: int, ended: Callable[[], bool]) -> Iterator[Sample]:
        """Samples until `total` records are there, the writer has ended or is late."""
        deadline = time.monotonic() + DEADLINE_S
        records = 0
        while records < total and time.monotonic() < deadline:
            last = ended()
            records = self.records()
            yield time.monotonic(), records
            if last:
                return
            time.sleep(SAMPLE_S)

    def close(self) -> None:
        """End it."""
        self._consumer.close()


@contextmanager
def gauge(bootstrap: str, topic: Topic) -> Iterator[Gauge]:
    """A Gauge that is closed at the end."""
    with closing(Gauge(bootstrap, topic)) as opened:
        yield opened


def rate_after(samples: Sequence[Sample], warm_up: int) -> float:
    """Records a second from the first sample with `warm_up` records to the last one that grew.

    Raises:
        ValueError: the samples say nothing of a rate.
    """
    counted = [sample for sample in samples if sample[1] >= warm_up]
    if not counted or counted[-1][1] == counted[0][1]:
        raise ValueError(f"{len(counted)} samples after the first {warm_up} records say nothing of a rate")
    (begin, first), last = counted[0], counted[-1][1]
    end = next(at for at, records in counted if records == last)
    return (last - first) / (end - begin)


def images_topic() -> Topic:
    """The topic `images` as the product declares it."""
    return next(known for known in load_topics(DEFAULT_MAX_IMAGE_BYTES) if known.name == IMAGES)


@contextmanager
def topic_like_images(bootstrap: str, name: str) -> Iterator[Topic]:
    """A topic with this name and all else like `images`, as long as it is needed."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    images = images_topic()
    admin.create_topics([NewTopic(name, images.partitions, 1, topic_configs=dict(images.config))])
    try:
        yield replace(images, name=name)
    finally:
        admin.delete_topics([name])
        admin.close()
