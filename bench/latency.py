"""Kafka to Kafka latency of the classifier at 10 images a second, under both triggers.

    python bench/latency.py [--trigger processing] [--seconds 60] [--warm-up 60] [--rate 10]

Starts a broker and the classifier as users do, sends handwritten digits one by one at a steady rate, and takes each
image's latency by the broker's clock: from the moment the image was appended to `images` to the moment its result was
appended to `results`. What a client sees on top (sending and polling) is printed as well, for orientation.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from PIL import Image
from sklearn.datasets import load_digits

from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord, encode_headers
from sightline_contracts.results import decode_result
from sightline_contracts.topics import IMAGES, RESULTS
from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from sightline_topics.app import ensure_topics
from sightline_topics.settings import TopicsSettings

GOALS_MS = {"processing": ("latency-async-p50", 100), "continuous": ("latency-continuous-p50", 15)}
READY_DEADLINE_S = 120.0
DRAIN_DEADLINE_S = 30.0


@dataclass(slots=True)
class Ledger:
    """What was sent and what came back, by image id. Times in ms: the broker's clock, and ours (monotonic)."""

    sent: dict[str, float] = field(default_factory=dict)
    appended: dict[str, int] = field(default_factory=dict)
    result_appended: dict[str, int] = field(default_factory=dict)
    received: dict[str, float] = field(default_factory=dict)

    def broker_latencies(self) -> list[float]:
        """Milliseconds from the image's append to its result's append."""
        return [float(self.result_appended[i] - self.appended[i]) for i in self.sent if i in self.result_appended]

    def client_latencies(self) -> list[float]:
        """Milliseconds from the call that sends an image to the poll that returns its result."""
        return [self.received[i] - at for i, at in self.sent.items() if i in self.received]


def main() -> None:
    """Run the benchmark and print its figures; exit 1 when an image got no result."""
    arguments = parse_arguments()
    complete, figures = True, []
    for trigger in arguments.trigger or list(GOALS_MS):
        with running_classifier(trigger) as bootstrap:
            print(f"{trigger}: {arguments.warm_up} s warm-up, then {arguments.seconds} s at {arguments.rate} images/s")
            measure(bootstrap, arguments.rate, arguments.warm_up)
            ledger = measure(bootstrap, arguments.rate, arguments.seconds)
        complete &= report(trigger, ledger)
        figures.append(figure(trigger, ledger))
    print("\n".join(figures))
    sys.exit(0 if complete else 1)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trigger", action="append", choices=list(GOALS_MS), help="only this trigger (default: both)")
    parser.add_argument("--seconds", type=int, default=60, help="how long to measure")
    parser.add_argument("--warm-up", type=int, default=60, help="seconds at the same rate before; the JVM compiles")
    parser.add_argument("--rate", type=float, default=10.0, help="images a second")
    return parser.parse_args()


@contextmanager
def broker(properties: Mapping[str, object] = MappingProxyType({})) -> Iterator[tuple[EmbeddedKafka, Path]]:
    """A fresh broker with the topics, and a folder; `properties` are further lines of its server.properties."""
    with tempfile.TemporaryDirectory(prefix="sightline-bench-") as folder:
        kafka = EmbeddedKafka(Path(folder) / "kafka", free_port(), properties=properties)
        kafka.start()
        try:
            kafka.wait_ready()
            ensure_topics(TopicsSettings(kafka_bootstrap_servers=kafka.bootstrap_servers))
            yield kafka, Path(folder)
        finally:
            kafka.stop()


@contextmanager
def running_classifier(trigger: str) -> Iterator[str]:
    """The real classifier process on a fresh broker; gives the broker's address."""
    with broker() as (kafka, folder), classifier(trigger, kafka.bootstrap_servers, folder):
        yield kafka.bootstrap_servers


@contextmanager
def classifier(
    trigger: str, bootstrap: str, folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m sightline_spark` with `settings` (environment variables), from ready to stopped."""
    port = free_port()
    environment = {
        **os.environ,
        "SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "SIGHTLINE_CLASSIFIER_CHECKPOINT_DIR": str(folder / "checkpoint"),
        "SIGHTLINE_CLASSIFIER_MANAGEMENT_PORT": str(port),
        "SIGHTLINE_LOG_LEVEL": "ERROR",  # what it says of a new checkpoint is no news here
        **(settings or {}),
    }
    process = subprocess.Popen([sys.executable, "-m", "sightline_spark", "--trigger", trigger], env=environment)
    try:
        wait_ready(process, port)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def wait_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once /readyz says 200."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the classifier ended with status {process.returncode} instead of becoming ready")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the classifier did not become ready in time")


def measure(bootstrap: str, rate: float, seconds: int) -> Ledger:
    """Send digits at `rate` a second for `seconds`, wait for their results."""
    ledger, done = Ledger(), threading.Event()
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, fetch_max_wait_ms=20)
    consumer.assign([TopicPartition(RESULTS, p) for p in consumer.partitions_for_topic(RESULTS)])
    consumer.seek_to_end()
    for partition in consumer.assignment():
        consumer.position(partition)  # now, or the first result could come before the position is known
    receiver = threading.Thread(target=receive, args=(consumer, ledger, done))
    receiver.start()
    try:
        send(bootstrap, rate, seconds, ledger)
        deadline = time.monotonic() + DRAIN_DEADLINE_S
        while len(ledger.received) < len(ledger.sent) and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        done.set()
        receiver.join()
        consumer.close()
    return ledger


def send(bootstrap: str, rate: float, seconds: int, ledger: Ledger) -> None:
    """One digit every 1 / `rate` seconds, whatever became of the last."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=0)
    pictures = digit_files(64)
    count = int(rate * seconds)
    start = time.monotonic()
    futures = {}
    for number in range(count):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        payload = pictures[number % len(pictures)]
        record = ImageRecord(new_image_id(), payload, "image/png", "device", int(time.time() * 1000))
        ledger.sent[record.id] = time.monotonic() * 1000
        futures[record.id] = producer.send(
            IMAGES, key=record.id.encode(), value=payload, headers=encode_headers(record)
        )
    for image, future in futures.items():
        ledger.appended[image] = future.get(30).timestamp
    producer.close()


def receive(consumer: KafkaConsumer, ledger: Ledger, done: threading.Event) -> None:
    """Note each result until `done`."""
    while not done.is_set():
        for records in consumer.poll(timeout_ms=50).values():
            now = time.monotonic() * 1000
            for record in records:
                result = decode_result(record.value)
                if result.status != "classified":
                    raise SystemExit(f"a digit was not classified: {result.error}")
                ledger.received.setdefault(result.id, now)
                ledger.result_appended.setdefault(result.id, record.timestamp)


def digit_files(count: int) -> list[bytes]:
    """PNG files of handwritten digits, 28 x 28."""
    files = []
    for pixels in load_digits().images[:count]:
        file = io.BytesIO()
        Image.fromarray((pixels * 15).astype(np.uint8)).resize((28, 28)).save(file, "PNG")
        files.append(file.getvalue())
    return files


def report(trigger: str, ledger: Ledger) -> bool:
    """Print the figures of one trigger; whether every image has a result."""
    for name, values in (("broker", ledger.broker_latencies()), ("client", ledger.client_latencies())):
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        print(f"{trigger} {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms of {len(values)} images")
    lost = len(ledger.sent) - len(ledger.received)
    if lost:
        print(f"{trigger}: {lost} of {len(ledger.sent)} images got no result in time")
    return lost == 0


def figure(trigger: str, ledger: Ledger) -> str:
    """The line that says how one trigger did against its goal."""
    name, goal = GOALS_MS[trigger]
    return f"FIGURE {name} {np.median(ledger.broker_latencies()):.1f} ms goal <= {goal}"


if __name__ == "__main__":
    main()
