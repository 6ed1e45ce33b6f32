"""Health, metrics, models, console and settings."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from sightline_common.management import Readiness
from sightline_gateway.models import list_models
from sightline_gateway.parameters import UploadHeaders
from sightline_gateway.server import listen
from sightline_gateway.settings import GatewaySettings
from tests.unit.gateway.conftest import Served
from tests.unit.gateway.fakes import add_model
from tests.unit.gateway.process import image_bytes
from tests.unit.gateway.test_errors import assert_problem


async def test_health_is_not_readiness(served: Served) -> None:
    served.checks["kafka"] = Readiness(ok=False, reason="no broker answers")
    assert (await served.client.get("/healthz")).json() == {"healthy": True}
    answer = await served.client.get("/readyz")
    assert_problem(answer, 503, "not-ready")
    told = answer.json()
    assert told["detail"] == "kafka: no broker answers"
    assert (told["ready"], told["checks"]) == (False, {"kafka": {"ok": False, "reason": "no broker answers"}})
    served.checks["kafka"] = Readiness(ok=True, reason="4 partitions")
    ready = await served.client.get("/readyz")
    assert (ready.status_code, ready.headers["Content-Type"]) == (200, "application/json")
    assert ready.json() == {"ready": True, "checks": {"kafka": {"ok": True, "reason": "4 partitions"}}}


async def test_metrics_count_what_happened(served: Served) -> None:
    data = image_bytes()
    await served.client.post("/v1/images", content=data)
    await served.client.post("/v1/images", content=b"")
    text = (await served.client.get("/metrics")).text
    assert 'sightline_gateway_uploads_total{outcome="accepted"} 1.0' in text
    assert 'sightline_gateway_uploads_total{outcome="empty"} 1.0' in text
    assert f"sightline_gateway_upload_bytes_total {float(len(data))}" in text
    assert "sightline_gateway_accept_seconds_count 1.0" in text
    assert "process_resident_memory_bytes" in text


async def test_every_metric_of_ours_says_its_unit_or_that_it_counts(served: Served) -> None:
    text = (await served.client.get("/metrics")).text
    names = set(re.findall(r"# TYPE (sightline_\w+) (?:counter|histogram)", text))
    assert names
    assert all(name.endswith(("_total", "_seconds", "_bytes")) for name in names)


async def test_models_are_read_at_each_call(served: Served, tmp_path: Path) -> None:
    folder = served.gateway.settings.models_dir
    assert (await served.client.get("/v1/models")).json() == {"models": []}
    add_model(folder, "digits-lenet", "1")
    (model,) = (await served.client.get("/v1/models")).json()["models"]
    assert model == {
        "name": "digits-lenet",
        "version": "1",
        "labels": 3,
        "input": {"height": 28, "width": 28},
        "licence": "CC-BY-4.0",
        "origin": "made up",
        "metrics": {"top1": 0.98},
        "default": True,
    }


def test_the_newest_version_is_the_default_unless_one_is_named(tmp_path: Path) -> None:
    for version in ("2", "10", "9"):
        add_model(tmp_path, "digits-lenet", version)
    add_model(tmp_path, "another", "1")
    (tmp_path / "broken" / "1").mkdir(parents=True)
    (tmp_path / "broken" / "1" / "model.json").write_text("{")

    def defaults(default: str) -> list[tuple[str, str]]:
        return [(m["name"], m["version"]) for m in list_models(tmp_path, default) if m["default"]]

    assert [m["version"] for m in list_models(tmp_path, "x")] == ["1", "10", "9", "2"]
    assert defaults("digits-lenet") == [("digits-lenet", "10")]
    assert defaults("digits-lenet@9") == [("digits-lenet", "9")]
    assert defaults("unknown") == []


@pytest.mark.parametrize("path", ["/", "/console/index.html"])
async def test_the_console_is_served_strictly_and_without_outside_resources(served: Served, path: str) -> None:
    page = await served.client.get(path)
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; img-src 'self' blob: data:")
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-cache"
    again = await served.client.get(path, headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text) == []


@pytest.mark.parametrize("path", ["/console/../settings.py", "/console/%2e%2e/settings.py", "/console//etc/passwd"])
async def test_the_console_gives_nothing_but_its_files(served: Served, path: str) -> None:
    assert (await served.client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (["wait=10"], 10),
        (["respond-async, wait=10"], 10),
        (["respond-async", "Wait = 7"], 7),
        (['wait="5"'], 5),
        (["wait=5; foo=bar"], 5),
        (["wait=3600"], 60),
        (["wait=0"], 0),
        (["wait=soon"], None),
        (["wait=-1"], None),
        ([], None),
    ],
)
def test_prefer_is_read_as_rfc_7240_has_it(prefer: list[str], seconds: int | None) -> None:
    assert UploadHeaders(prefer=prefer).wait_s == seconds


@pytest.mark.parametrize("name", ["gateway_in_flight_bytes", "gateway_max_upload_bytes"])
def test_limits_that_no_image_could_pass_are_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SIGHTLINE_{name.upper()}", "1000")
    with pytest.raises(ValidationError, match=f"SIGHTLINE_{name.upper()}"):
        GatewaySettings()


def _run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sightline_gateway", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.process
def test_help_lists_every_setting_with_its_default() -> None:
    done = _run("--help")
    assert done.returncode == 0
    for name in GatewaySettings.model_fields:
        assert f"SIGHTLINE_{name.upper()} (" in done.stdout
    assert re.search(r"SIGHTLINE_GATEWAY_PORT \(.*8080\)", done.stdout)


@pytest.mark.process
def test_a_bad_setting_is_named_in_one_line(tmp_path: Path) -> None:
    done = _run(SIGHTLINE_GATEWAY_PORT="http")
    assert done.returncode == 2
    assert "SIGHTLINE_GATEWAY_PORT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.process
async def test_a_taken_port_is_named(served: Served, tmp_path: Path) -> None:
    done = _run(SIGHTLINE_GATEWAY_PORT=str(served.port), SIGHTLINE_GATEWAY_STATE_DIR=str(tmp_path / "other"))
    assert done.returncode == 1
    assert f"SIGHTLINE_GATEWAY_PORT {served.port}" in done.stderr
    assert "Traceback" not in done.stderr


async def test_answers_are_sent_without_waiting_for_acknowledgements() -> None:
    """A listener without its protocol number left Nagle's algorithm on: every answer took 40 ms longer."""
    accepted: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()

    async def on_connection(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result(writer.get_extra_info("socket"))
        writer.close()

    listener = listen("127.0.0.1", 0)
    async with await asyncio.start_server(on_connection, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert (await accepted).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        await writer.wait_closed()
