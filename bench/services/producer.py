"""Kafka's own ProducerPerformance: what a Java producer reaches on the same broker."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.services.counting import Records, gauge, rate_after, topic_like_images
from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, record_limit
from sightline_local.check import find_java, find_maven
from sightline_local.jars import kafka_jars

PROGRAM: Final = "org.apache.kafka.tools.ProducerPerformance"
POM: Final = Path(__file__).parent / "pom.xml"
HEAP: Final = "512m"
MAVEN_DEADLINE_S: Final = 120.0
_LIMIT: Final = record_limit(DEFAULT_MAX_IMAGE_BYTES)


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
        with topic_like_images(bootstrap, f"produced-{records.size}") as topic, self.log.open("ab") as log:
            command = self._command(bootstrap, topic.name, records, payloads)
            with gauge(bootstrap, topic) as counted, subprocess.Popen(command, stdout=log, stderr=log) as process:
                try:
                    samples = list(counted.samples(records.total, lambda: process.poll() is not None))
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
