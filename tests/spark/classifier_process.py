"""The classifier as its own process, and what tests ask of Kafka about it."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord, encode_headers
from sightline_contracts.results import Result, decode_result
from sightline_contracts.topics import IMAGES, RESULTS
from sightline_local.ports import free_port
from tests.spark.conftest import MODELS

DEADLINE_S = 120.0


class ClassifierProcess:
    """`python -m sightline_spark` on a broker; its output goes to `log`."""

    def __init__(
        self, bootstrap_servers: str, folder: Path, *arguments: str, settings: Mapping[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self.log = folder / f"classifier-{self.port}.log"
        environment = {
            **os.environ,
            "SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "SIGHTLINE_MODELS_DIR": str(MODELS),
            "SIGHTLINE_CLASSIFIER_CHECKPOINT_DIR": str(folder / "checkpoint"),
            "SIGHTLINE_CLASSIFIER_MANAGEMENT_PORT": str(self.port),
            "SIGHTLINE_LOG_FORMAT": "text",
            **(settings or {}),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sightline_spark", *arguments], env=environment, stdout=log, stderr=log
            )

    def wait_ready(self) -> None:
        """Return once /readyz says 200."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"not ready in time:\n{self.log.read_text()}")

    def metric(self, name: str) -> float:
        """A metric's value."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def wait_end(self) -> int:
        """The exit status, once it has ended."""
        return self.process.wait(DEADLINE_S)


@contextmanager
def classifier(
    bootstrap_servers: str, folder: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> Iterator[ClassifierProcess]:
    """A classifier that is ready; killed at the end if it still runs."""
    process = ClassifierProcess(bootstrap_servers, folder, *arguments, settings=settings)
    try:
        process.wait_ready()
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
            process.process.wait()


def send(bootstrap_servers: str, payloads: Iterable[bytes], traceparent: str | None = None) -> list[str]:
    """Send images; returns their ids, all acknowledged."""
    with closing(KafkaProducer(bootstrap_servers=bootstrap_servers, acks="all", enable_idempotence=True)) as producer:
        ids, futures = [], []
        for payload in payloads:
            now = int(time.time() * 1000)
            image = ImageRecord(new_image_id(), payload, "image/png", "http", now, traceparent=traceparent)
            futures.append(producer.send(IMAGES, payload, key=image.id.encode(), headers=encode_headers(image)))
            ids.append(image.id)
        for future in futures:
            future.get(30)
    return ids


def results_of(
    bootstrap_servers: str, ids: Iterable[str], deadline_s: float = DEADLINE_S
) -> Mapping[str, list[Result]]:
    """All results of the images, in the order of their partitions; returns when each has one or at the deadline."""
    wanted = set(ids)
    found: dict[str, list[Result]] = {image: [] for image in wanted}
    with closing(KafkaConsumer(bootstrap_servers=bootstrap_servers)) as consumer:
        partitions = [TopicPartition(RESULTS, number) for number in consumer.partitions_for_topic(RESULTS)]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        deadline = time.monotonic() + DEADLINE_S
        while not all(found.values()) and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=200).values():
                for result in (decode_result(record.value) for record in records):
                    if result.id in wanted:
                        found[result.id].append(result)
    return found
