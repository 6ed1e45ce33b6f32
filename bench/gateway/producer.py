"""Kafka's own ProducerPerformance: what a Java producer reaches on the same broker."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, IMAGES, Topic, load_topics, record_limit
from sightline_local.check import find_java, find_maven
from sightline_local.jars import kafka_jars

PROGRAM: Final = "org.apache.kafka.tools.ProducerPerformance"
POM: Final = Path(__file__).parent / "pom.xml"
HEAP: Final = "512m"
MAVEN_DEADLINE_S: Final = 120.0
DEADLINE_S: Final = 60.0
SAMPLE_S: Final = 0.05  # asking the broker for its ends costs 1 ms

Sample = tuple[float, int]  # when (seconds), and how many records the topic had


@dataclass(frozen=True, slots=True)
class Records:
    """What one run sends: records of `size` bytes, `warm_up` of them before it counts."""

    size: int
    warm_up: int
    counted: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.warm_up + self.counted


@dataclass(frozen=True, slots=True)
class Tool:
    """Where ProducerPerformance is, and where it may write."""

    jars: Path
    log: Path

    def produce(self, bootstrap: str, records: Records, payloads: Path | None = None) -> float:
        """Records a second after the warm-up, on a topic that is made like `images` and deleted again.

        Without `payloads` the tool makes each record of random letters, as it does unless told otherwise. By the
        broker's count, because the tool's own would leave out what its buffer still held when the warm-up ended.
        Raises SystemExit when it fails.
        """
        with _topic(bootstrap, f"produced-{records.size}") as topic, self.log.open("ab") as log:
            command = self._command(bootstrap, topic.name, records, payloads)
            with subprocess.Popen(command, stdout=log, stderr=log) as process:
                try:
                    samples = list(_watch(bootstrap, topic, records.total, process))
                finally:
                    process.kill()
        if samples[-1][1] < records.total:
            raise SystemExit(f"{PROGRAM} sent {samples[-1][1]} of {records.total} records: see {self.log}")
        return rate_after(samples, records.warm_up)

    def _command(self, bootstrap: str, topic: str, records: Records, payloads: Path | None) -> list[str]:
        made = ["--record-size", str(records.size)] if payloads is None else ["--payload-file", str(payloads)]
        properties = [f"bootstrap.servers={bootstrap}", "acks=all", f"max.request.size={_LIMIT}"]
        return [
            find_java() or "java", f"-Xmx{HEAP}", "-cp", f"{kafka_jars()}/*:{self.jars}/*", PROGRAM,
            "--topic", topic, *made, "--num-records", str(records.total), "--throughput", "-1",
            "--producer-props", *properties,
        ]  # fmt: skip


_LIMIT: Final = record_limit(DEFAULT_MAX_IMAGE_BYTES)


def install(folder: Path) -> Path:
    """The folder with the tool's jars; Maven copies them the first time. Raises SystemExit when it cannot."""
    target = folder / "producer-performance"
    if any(target.glob("kafka-tools-*.jar")):
        return target
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    command = [find_maven() or "mvn", "-q", "-B", "-f", str(POM), *goal]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=MAVEN_DEADLINE_S, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"Maven could not resolve Kafka's tools:\n{done.stdout[-2000:]}")
    return target


def payload_file(folder: Path, size: int) -> Path:
    """A file of 16 records of `size` letters each, for runs that do not pay for making their records up."""
    file = folder / f"payloads-{size}.txt"
    file.write_text("\n".join(chr(ord("a") + number) * size for number in range(16)), encoding="ascii")
    return file


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


@contextmanager
def _topic(bootstrap: str, name: str) -> Iterator[Topic]:
    """A topic with this name and all else like `images`."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    images = next(known for known in load_topics(DEFAULT_MAX_IMAGE_BYTES) if known.name == IMAGES)
    admin.create_topics([NewTopic(name, images.partitions, 1, topic_configs=dict(images.config))])
    try:
        yield replace(images, name=name)
    finally:
        admin.delete_topics([name])
        admin.close()


def _watch(bootstrap: str, topic: Topic, total: int, process: subprocess.Popen[bytes]) -> Iterator[Sample]:
    """Samples until all records are there, the tool has ended or is late."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
    deadline = time.monotonic() + DEADLINE_S
    records = 0
    try:
        while records < total and time.monotonic() < deadline:
            ended = process.poll() is not None
            records = sum(consumer.end_offsets(partitions).values())
            yield time.monotonic(), records
            if ended:
                return
            time.sleep(SAMPLE_S)
    finally:
        consumer.close()
