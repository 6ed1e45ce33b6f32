"""Schemathesis against the gateway as it is served: no answer that OpenAPI does not describe, and no fault."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from sightline_local.ports import free_port
from tests.unit.gateway.process import wait_until

pytest.importorskip("schemathesis", reason="needs schemathesis: make setup")
pytestmark = pytest.mark.process

ROOT: Final = Path(__file__).parents[3]
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
# On a busy machine httpx's own 5 s were too short once.
PATIENCE_S: Final = 60
# It never ends, which schemathesis would wait for; test_stream.py reads it.
ENDLESS: Final = "/v1/results/stream"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A gateway without Kafka in a process of its own; its images get results."""
    port = free_port()
    with (tmp_path / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.gateway.fake_app", str(port)], cwd=ROOT, stdout=log, stderr=log
        )
    try:
        served = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(served))
        yield served
    finally:
        process.terminate()
        process.wait(60)
    assert "Traceback" not in (tmp_path / "gateway.log").read_text()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=PATIENCE_S).status_code == 200
    except httpx.ConnectError:
        return False


def described(url: str) -> dict[str, Any]:
    """What OpenAPI says of each status by itself: `default` would allow any."""
    document: dict[str, Any] = httpx.get(f"{url}/openapi.json", timeout=PATIENCE_S).json()
    for operations in document["paths"].values():
        for operation in operations.values():
            del operation["responses"]["default"]
            # Made-up addresses are refused before the image is looked at, and nothing beyond would be tried.
            headers = operation.get("parameters", [])
            operation["parameters"] = [each for each in headers if each["name"] != "x-callback-url"]
    return document


def test_every_answer_is_described_and_none_is_a_fault(url: str, tmp_path: Path) -> None:
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(described(url)))
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run"]
    options = {
        "--url": url,
        "--checks": ",".join(CHECKS),
        "--exclude-path": ENDLESS,
        "--max-examples": "15",
        "--seed": "1",
        "--generation-database": "none",
        "--request-timeout": "70",
    }
    done = subprocess.run(
        [*command, str(description), *(word for pair in options.items() for word in pair), "--no-color"],
        cwd=tmp_path,  # it leaves files behind
        env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.unit.gateway.image_bodies"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    counted = httpx.get(f"{url}/metrics", timeout=PATIENCE_S).text
    # What was sent went deep enough: into Kafka's stand-in, and to every check of a file's type and end.
    for outcome in ("accepted", "unsupported-type", "truncated", "bad-request"):
        assert f'sightline_gateway_uploads_total{{outcome="{outcome}"}} 0.0' not in counted
