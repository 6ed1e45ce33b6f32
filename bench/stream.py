"""Throughput from Kafka to Kafka against the bare engine on the same images, and what an idle classifier costs.

    python -m bench.stream [efficientnet-lite0 digits-lenet idle] [--rounds 3] [--tasks 2] [--settings NAME=VALUE]

A backlog is put into `images`, then the classifier is started as users do. What counts is the rate at which the second
half of the results is appended to `results`; the first half warms the JVM. The bare engine decodes and classifies the
same files in as many threads, without Spark and Kafka, before and after each round. On a machine that does other work
as well, the processor time of an image tells more than the rate.
"""

import argparse
import io
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from PIL import Image
from sklearn.datasets import load_sample_images

from bench.latency import broker, classifier, digit_files
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord, encode_headers
from sightline_contracts.results import decode_result
from sightline_contracts.topics import IMAGES, RESULTS
from sightline_local.check import find_java
from sightline_local.kafka import EmbeddedKafka
from sightline_spark.configuration import NATIVE_ENVIRONMENT
from sightline_spark.jars import class_path
from sightline_spark.settings import ClassifierSettings

ROOT = Path(__file__).resolve().parents[1]
BARE_LOOP = "io.sightline.engine.stream.BareLoop"
PHOTO_BYTES = 100_000
BACKLOG_DEADLINE_S = 280.0
COUNTED_SHARE = 0.5  # of a backlog, its end
SAMPLE_S = 0.2
IDLE_SETTLE_S, IDLE_S = 20, 30


@dataclass(frozen=True, slots=True)
class Workload:
    """A model, the files it classifies, and how many of them are put into Kafka."""

    model: str
    files: Callable[[], list[bytes]]
    images: int


@dataclass(frozen=True, slots=True)
class Speed:
    """Images a second, and processor milliseconds that the classifying process took for one."""

    rate: float
    cpu_ms: float

    def __str__(self) -> str:
        return f"{self.rate:.1f} images/s, {self.cpu_ms:.3f} ms of a processor each"


@dataclass(frozen=True, slots=True)
class Sample:
    """A moment of a run: seconds, results so far, and the classifier's processor seconds so far."""

    at: float
    results: int
    cpu_s: float


def main() -> None:
    """Run the benchmarks that are asked for and print their figures."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # an orderly end stops the broker and the classifier
    arguments = parse_arguments()
    for name in arguments.what or [*WORKLOADS, "idle"]:
        lines = idle(arguments) if name == "idle" else throughput(WORKLOADS[name], arguments)
        print("\n".join(lines), flush=True)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=[*WORKLOADS, "idle", []], help="default: all")
    parser.add_argument("--rounds", type=int, default=3, help="backlogs; the median counts")
    parser.add_argument("--tasks", type=int, default=2, help="tasks of Spark, threads of the bare engine")
    parser.add_argument("--images", type=int, help="length of the backlog")
    parser.add_argument("--partition", type=int, help="put all images into this one partition")
    parser.add_argument("--trigger", default="processing", help="of the idle classifier")
    parser.add_argument("--settings", action="append", default=[], metavar="NAME=VALUE", help="of the classifier")
    return parser.parse_args()


def photos() -> list[bytes]:
    """Photos of 600 x 400 in JPEG files of about 100 kB, all different."""
    files = []
    for shift in range(16):
        for picture in load_sample_images().images:
            image = Image.fromarray(picture).crop((shift, shift, shift + 600, shift + 400))
            files.append(min((jpeg(image, quality) for quality in (80, 88, 92, 95, 97)), key=distance))
    return files


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def distance(file: bytes) -> int:
    """Bytes that the file is longer or shorter than asked for."""
    return abs(len(file) - PHOTO_BYTES)


WORKLOADS = {
    "efficientnet-lite0": Workload("efficientnet-lite0", photos, 2_000),
    "digits-lenet": Workload("digits-lenet", lambda: digit_files(64), 80_000),
}


def throughput(workload: Workload, arguments: argparse.Namespace) -> list[str]:
    """The figures of one model: images a second, and the share of what the bare engine reaches."""
    if not (ROOT / "models" / workload.model).is_dir():
        return [f"{workload.model}: left out, it is not installed: make model-{workload.model}"]
    files = workload.files()
    print(f"{workload.model}: {len(files)} files, {sum(map(len, files)) / len(files) / 1000:.1f} kB each")
    bare = [bare_loop(workload.model, files, arguments)]
    streamed = []
    for _ in range(arguments.rounds):
        streamed.append(streaming(workload, files, arguments))
        bare.append(bare_loop(workload.model, files, arguments))
        print(f"  Kafka to Kafka: {streamed[-1]}\n  bare engine: {bare[-2]}, then {bare[-1]}", flush=True)
    rounds = list(zip(streamed, bare, bare[1:], strict=False))
    shares = [2 * now.rate / (before.rate + after.rate) for now, before, after in rounds]
    work = [(before.cpu_ms + after.cpu_ms) / 2 / now.cpu_ms for now, before, after in rounds]
    goal = " goal >= 8000" if workload.model == "digits-lenet" else ""
    return [
        f"FIGURE stream-{workload.model}-rate {statistics.median(now.rate for now in streamed):.1f} images/s{goal}",
        f"FIGURE stream-{workload.model}-share {statistics.median(shares):.2f} x goal >= 0.9",
        f"FIGURE stream-{workload.model}-cpu-share {statistics.median(work):.2f} x goal >= 0.9",
    ]


def bare_loop(model: str, files: list[bytes], arguments: argparse.Namespace) -> Speed:
    """The engine alone, in a JVM of its own with the classifier's options."""
    settings = classifier_settings(arguments)
    with tempfile.TemporaryDirectory(prefix="sightline-bench-") as folder:
        for number, file in enumerate(files):
            (Path(folder) / f"{number:04}").write_bytes(file)
        spark = ROOT / ".venv/lib/python3.11/site-packages/pyspark/jars/*"
        tests = ROOT / "spark-app/engine/target/test-classes"
        jars = f"{tests}:{class_path(settings.classifier_engine_dir)}:{spark}"
        options = [*settings.classifier_java_options.split(), "-XX:+UseParallelGC", "-Xmx2g"]
        batch, warm_up, seconds = max(settings.classifier_batch_sizes), 8, 8
        numbers = map(str, (arguments.tasks, batch, warm_up, seconds))
        command = [find_java() or "java", *options, "-cp", jars, BARE_LOOP, str(ROOT / "models"), model, folder]
        output = subprocess.run(
            [*command, *numbers, settings.classifier_precision],
            env={**os.environ, **NATIVE_ENVIRONMENT},
            capture_output=True,
            text=True,
            check=True,
        )
    return Speed(*map(float, output.stdout.split()[-2:]))


def classifier_settings(arguments: argparse.Namespace) -> ClassifierSettings:
    """The settings that the classifier will read."""
    os.environ.update(pair.split("=", 1) for pair in arguments.settings)
    return ClassifierSettings()


def streaming(workload: Workload, files: list[bytes], arguments: argparse.Namespace) -> Speed:
    """From topic to topic over the end of a backlog."""
    images = arguments.images or workload.images
    settings = {
        "SIGHTLINE_CLASSIFIER_MASTER": f"local[{arguments.tasks}]",
        "SIGHTLINE_DEFAULT_MODEL": workload.model,
        "SIGHTLINE_MODELS_DIR": str(ROOT / "models"),
    }
    with broker() as (kafka, folder):
        fill(kafka, files, images, lambda _: arguments.partition)
        with classifier("processing", kafka.bootstrap_servers, folder, settings) as process:
            samples = list(watch(kafka.bootstrap_servers, images, tree(process.pid)))
        expect_labels(kafka.bootstrap_servers)
    end = samples[-1]
    begin = next(sample for sample in samples if sample.results >= images * (1 - COUNTED_SHARE))
    done = end.results - begin.results
    return Speed(done / (end.at - begin.at), (end.cpu_s - begin.cpu_s) * 1000 / done)


def fill(kafka: EmbeddedKafka, files: Sequence[bytes], images: int, place: Callable[[int], int | None]) -> None:
    """Put the backlog into `images`, the files in turn; `place` gives a record's partition, None: by its key."""
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all", linger_ms=5)
    for number in range(images):
        payload = files[number % len(files)]
        kind = "image/png" if payload.startswith(b"\x89PNG") else "image/jpeg"
        record = ImageRecord(new_image_id(), payload, kind, "http", int(time.time() * 1000))
        headers = encode_headers(record)
        producer.send(IMAGES, key=record.id.encode(), value=payload, headers=headers, partition=place(number))
        if number % 100 == 0:
            producer.flush()
    producer.close()


def watch(bootstrap: str, images: int, pids: set[int]) -> Iterator[Sample]:
    """Samples until all results are there: only their number is looked at, reading them would take processor time."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    deadline = time.monotonic() + BACKLOG_DEADLINE_S
    results = 0
    while results < images:
        if time.monotonic() > deadline:
            raise SystemExit("the backlog was not classified in time")
        time.sleep(SAMPLE_S)
        results = sum(consumer.end_offsets(result_partitions(consumer)).values())
        yield Sample(time.monotonic(), results, cpu_seconds(pids))
    consumer.close()


def result_partitions(consumer: KafkaConsumer) -> list[TopicPartition]:
    """Of the results topic."""
    return [TopicPartition(RESULTS, number) for number in consumer.partitions_for_topic(RESULTS)]


def expect_labels(bootstrap: str) -> None:
    """Exit unless the first results have labels: failing is fast."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    consumer.assign(result_partitions(consumer))
    for records in consumer.poll(timeout_ms=10_000).values():
        for record in records:
            result = decode_result(record.value)
            if result.status != "classified":
                raise SystemExit(f"an image was not classified: {result.error}")
    consumer.close()


def idle(arguments: argparse.Namespace) -> list[str]:
    """Processor time that a classifier and its broker take while no image comes."""
    settings = dict(pair.split("=", 1) for pair in arguments.settings)
    with (
        broker() as (kafka, folder),
        classifier(arguments.trigger, kafka.bootstrap_servers, folder, settings) as process,
    ):
        time.sleep(IDLE_SETTLE_S)
        watched = {"classifier": tree(process.pid), "broker": tree(os.getpid()) - tree(process.pid) - {os.getpid()}}
        before = {name: cpu_seconds(pids) for name, pids in watched.items()}
        time.sleep(IDLE_S)
        used = {name: (cpu_seconds(pids) - before[name]) * 60 / IDLE_S for name, pids in watched.items()}
    return [f"FIGURE idle-{arguments.trigger}-{name} {seconds:.1f} s/min" for name, seconds in used.items()]


def tree(pid: int) -> set[int]:
    """The process and all below it."""
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return {pid}.union(*(tree(int(child)) for child in children.stdout.split()))


def cpu_seconds(pids: set[int]) -> float:
    """Processor time that those of the processes that still live have taken so far."""
    ticks = 0
    for stat in (Path(f"/proc/{pid}/stat") for pid in pids):
        if not stat.exists():
            continue
        fields = stat.read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
