"""A broker with a backlog of photos, and the rate at which one query after another answers it."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from bench.latency import broker
from bench.stream import fill
from sightline_local.child import end_child
from sightline_local.kafka import EmbeddedKafka

DEADLINE_S: Final = 150.0
END_DEADLINE_S: Final = 30.0
PARTITIONS: Final = 4

Labels = dict[bytes, int]


@dataclass(frozen=True, slots=True)
class Program:
    """A query: how to start it, and how many results pass before its rate counts and until it ends.

    A micro-batch's results may come all at once, so `warm` is a whole number of micro-batches where a query has such.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    warm: int
    images: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Images a second by the broker's clock, and the first label's index by image."""

    rate: float
    labels: Labels


@contextmanager
def backlog(files: Sequence[bytes], images: int) -> Iterator[EmbeddedKafka]:
    """A fresh broker whose topic `images` holds so many records, the files in turn."""
    with broker() as (kafka, _):
        # Spread evenly, whatever the keys: every query gets the same from each partition.
        fill(kafka, files, images, lambda number: number % PARTITIONS)
        yield kafka


def answer(kafka: EmbeddedKafka, topic: str, program: Program, log: Path) -> Answered:
    """Run the program until `topic`, made anew, has its results. Raises SystemExit when it ends early or is late."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    configuration = {"message.timestamp.type": "LogAppendTime"}
    admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=configuration)])
    admin.close()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as noise:
        process = subprocess.Popen(
            program.command, env=dict(program.environment), stdout=noise, stderr=noise, start_new_session=True
        )
        try:
            _wait(kafka, topic, program, process, log)
        finally:
            end_child(process, END_DEADLINE_S)
    times, labels = _read(kafka, topic, program.images)
    return Answered(rate_after(times, program.warm), labels)


def rate_after(times: Sequence[int], warm: int) -> float:
    """Results a second after the first `warm`, from their append times in ms. Raises ValueError without any."""
    ordered = sorted(times)
    first, later = ordered[warm - 1], ordered[warm:]
    if not later or later[-1] <= first:
        raise ValueError(f"{len(later)} results after the first {warm} say nothing of a rate")
    return len(later) * 1000 / (later[-1] - first)


def _wait(kafka: EmbeddedKafka, topic: str, program: Program, process: subprocess.Popen[bytes], log: Path) -> None:
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers)
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    deadline = time.monotonic() + DEADLINE_S
    try:
        while (count := sum(consumer.end_offsets(places).values())) < program.images:
            if process.poll() is not None:
                raise SystemExit(f"{program.name} ended with status {process.returncode}: see {log}")
            if time.monotonic() > deadline:
                raise SystemExit(f"{program.name} answered {count} of {program.images} images in time: see {log}")
            time.sleep(0.2)
    finally:
        consumer.close()


def _read(kafka: EmbeddedKafka, topic: str, images: int) -> tuple[list[int], Labels]:
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    results: list[tuple[int, bytes, bytes]] = []
    while len(results) < images:
        for records in consumer.poll(timeout_ms=1000).values():
            results += [(record.timestamp, record.key, record.value) for record in records]
    consumer.close()
    results = sorted(results)[:images]
    return [at for at, _, _ in results], {key: first_index(value) for _, key, value in results}


def first_index(document: bytes) -> int:
    """The first label's index in a result of ours or in a rival's. Raises SystemExit for an image not classified."""
    fields = json.loads(document)
    if "index" in fields:
        return int(fields["index"])
    if fields["status"] != "classified":
        raise SystemExit(f"an image was not classified: {fields.get('error')}")
    return int(fields["predictions"][0]["index"])
