"""New versions of a model while images come: none is lost, and each result names the version that made it."""

import json
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sightline_contracts.results import Result
from sightline_local.kafka import EmbeddedKafka
from tests.spark.classifier_process import ClassifierProcess, classifier, results_of, send
from tests.spark.conftest import MODELS, digit_png

pytestmark = [pytest.mark.spark, pytest.mark.kafka, pytest.mark.timeout(300)]

DIGITS = [digit_png(index)[0] for index in range(20)]
SHIPPED = MODELS / "digits-lenet" / "1"
METRIC = "sightline_classifier_"


def test_versions_come_and_go_under_load(broker: EmbeddedKafka, tmp_path: Path) -> None:
    """The labels of version N begin with vN, so a result that names another one shows."""
    kafka, models = broker.bootstrap_servers, tmp_path / "models"
    write_version(models, "digits-lenet", 1)
    write_version(models, "twin", 1)
    settings = {
        "SIGHTLINE_MODELS_DIR": str(models),
        "SIGHTLINE_CLASSIFIER_SHADOW": "twin@1",
        "SIGHTLINE_CLASSIFIER_SHADOW_SHARE": "1",
    }
    with classifier(kafka, tmp_path, settings=settings) as process, Traffic(kafka) as traffic:
        traffic.until(lambda: shadow(process, "same") > 0)
        assert shadow(process, "other") == shadow(process, "failed") == 0
        assert process.metric(f"{METRIC}shadow_difference_total") < 1e-6 * shadow(process, "same") + 1e-6

        half = copy_half(models, 2)
        traffic.until(lambda: process.metric(f"{METRIC}models_unusable") == 1)
        shutil.copy(SHIPPED / "model.bin", tmp_path / "model.bin")
        (tmp_path / "model.bin").rename(half / "model.bin")  # at once: a try in between would be one more failure
        traffic.until(lambda: "2" in traffic.versions())
        traffic.until(lambda: process.metric(f"{METRIC}models_unusable") == 0)
        traffic.until(lambda: shadow(process, "other") > 0)

        write_version(models, "digits-lenet", 3, damaged=True)
        traffic.until(lambda: process.metric(f"{METRIC}models_unusable") == 1)
        shutil.rmtree(models / "digits-lenet" / "3")
        shutil.rmtree(models / "digits-lenet" / "2")
        seen = len(traffic.sent)
        traffic.until(lambda: traffic.versions(seen)[-1:] == ["1"])

        traffic.until(lambda: process.metric(f"{METRIC}model_unloads_total") == 1)
        assert process.metric(f"{METRIC}model_failures_total") >= 2  # the same is tried again once a minute
        traffic.until(lambda: process.metric(f"{METRIC}models_loaded") == 2)
        traffic.stop()
        results = results_of(kafka, traffic.sent)
        process.process.send_signal(signal.SIGTERM)
        assert process.wait_end() == 0
    assert [image for image in traffic.sent if not results[image]] == []
    for result in (one for found in results.values() for one in found):
        assert result.status == "classified"
        assert result.predictions[0].label.startswith(f"v{result.model.version} ")
    log = process.log.read_text()
    assert log.count("Model digits-lenet@2 cannot be used: ") == log.count("Model digits-lenet@3 cannot be used: ") == 1
    assert "digits-lenet@1 goes on; digits-lenet@2 is tried again when its files change" in log
    assert "digits-lenet@2 goes on; digits-lenet@3 is tried again when its files change" in log


class Traffic:
    """Twenty digits after the other, each waited for, until told to stop."""

    def __init__(self, kafka: str) -> None:
        self.sent: list[str] = []
        self._kafka = kafka
        self._stop = threading.Event()
        self._found: dict[str, list[Result]] = {}
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def versions(self, since: int = 0) -> list[str]:
        """Of the results of what was sent from number `since` on, in that order."""
        found = [self._found.get(image, []) for image in self.sent[since:]]
        return [str(results[0].model.version) for results in found if results]

    def until(self, true: Callable[[], bool], deadline_s: float = 60.0) -> None:
        """Wait while images come."""
        deadline = time.monotonic() + deadline_s
        while not true():
            assert time.monotonic() < deadline, "not in time"
            assert self._thread.is_alive()
            time.sleep(0.1)

    def _run(self) -> None:
        while not self._stop.is_set():
            images = send(self._kafka, DIGITS)
            self.sent += images
            self._found.update(results_of(self._kafka, images))


def shadow(process: ClassifierProcess, outcome: str) -> float:
    return process.metric(f'{METRIC}shadow_images_total{{outcome="{outcome}"}}')


def write_version(models: Path, name: str, version: int, *, damaged: bool = False) -> None:
    """The shipped model under another name, in the way the documentation recommends."""
    draft = models / name / f".{version}"
    shutil.copytree(SHIPPED, draft)
    describe(draft, name, version)
    if damaged:
        weights = bytearray((draft / "model.bin").read_bytes())
        weights[-1] ^= 1
        (draft / "model.bin").write_bytes(weights)
    draft.rename(draft.with_name(str(version)))


def copy_half(models: Path, version: int) -> Path:
    """A version that somebody copies into its place file by file; its weights have not come yet."""
    place = models / "digits-lenet" / str(version)
    place.mkdir()
    shutil.copy(SHIPPED / "model.bigdl", place)
    describe(place, "digits-lenet", version)
    return place


def describe(folder: Path, name: str, version: int) -> None:
    card = json.loads((SHIPPED / "model.json").read_text())
    labels = [f"v{version} {label}" for label in card["labels"]]
    (folder / "model.json").write_text(json.dumps({**card, "name": name, "version": str(version), "labels": labels}))
