"""The script that `helm test` runs in a pod, against a gateway that behaves and gateways that do not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from sightline_contracts.media import inspect_image
from tests.http_server import Quiet, serving
from tools.chart.files import CHART

_SCRIPT = CHART / "files" / "classify.py"
_RESULT = {
    "status": "classified",
    "model": {"name": "digits-lenet", "version": "1"},
    "predictions": [{"index": 0, "label": "0", "probability": 0.99}],
    "error": None,
}
Answer = tuple[int, dict[str, Any]]


@dataclass
class Gateway:
    """Answers uploads in the given order, the last one for ever."""

    answers: list[Answer]
    uploads: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """The next answer."""
        self.uploads.append((path, headers, body))
        return self.answers[min(len(self.uploads), len(self.answers)) - 1]


@contextmanager
def _serving(gateway: Gateway) -> Iterator[str]:
    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, document = gateway.answer(self.path, dict(self.headers), body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

    with serving(Handler) as url:
        yield url


def _run(url: str, *, model: str = "", label: str = "", timeout_s: int = 20) -> subprocess.CompletedProcess[str]:
    """Run it as the pod does: as text given to the interpreter."""
    environment = {"GATEWAY": url, "MODEL": model, "LABEL": label, "TIMEOUT_S": str(timeout_s), "HOSTNAME": "pod"}
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT.read_text()],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_passes_once_there_is_a_label() -> None:
    gateway = Gateway([(503, {"code": "kafka-unavailable"}), (202, {}), (200, _RESULT)])
    with _serving(gateway) as url:
        done = _run(url, model="digits-lenet", label="0")
    assert done.returncode == 0, done.stderr
    assert "classified as '0' by digits-lenet" in done.stdout
    assert len(gateway.uploads) == 3


def test_uploads_one_image_however_often_it_asks() -> None:
    gateway = Gateway([(202, {}), (200, _RESULT)])
    with _serving(gateway) as url:
        assert _run(url, model="m").returncode == 0
    assert {path for path, _, _ in gateway.uploads} == {"/v1/images?model=m"}
    assert len({headers["Idempotency-Key"] for _, headers, _ in gateway.uploads}) == 1
    media = inspect_image(gateway.uploads[0][2])
    assert (media.width, media.height) == (8, 8)


@pytest.mark.parametrize(
    ("answer", "label", "reason"),
    [
        ((415, {"code": "unsupported-type"}), "", "refused the image: 415"),
        (
            (200, _RESULT | {"status": "failed", "predictions": [], "error": {"code": "x"}}),
            "",
            "could not be classified",
        ),
        ((200, _RESULT), "7", "the label is '0', not '7'"),
    ],
)
def test_fails_at_once_when_waiting_would_not_help(answer: Answer, label: str, reason: str) -> None:
    gateway = Gateway([answer])
    with _serving(gateway) as url:
        done = _run(url, label=label)
    assert done.returncode == 1
    assert reason in done.stderr
    assert len(gateway.uploads) == 1


def test_fails_when_the_label_does_not_come() -> None:
    gateway = Gateway([(202, {})])
    with _serving(gateway) as url:
        done = _run(url, timeout_s=1)
    assert done.returncode == 1
    assert "no label within 1 s" in done.stderr


def test_waits_for_a_gateway_that_is_not_there_yet() -> None:
    done = _run("http://127.0.0.1:9", timeout_s=1)
    assert done.returncode == 1
    assert "not yet:" in done.stdout
