"""The management port over a real socket."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from sightline_common.management import ManagementServer, Readiness

CHECKS = {"kafka": Readiness(ok=True, reason="4 partitions")}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def client(registry: CollectorRegistry) -> Iterator[httpx.Client]:
    server = ManagementServer(("127.0.0.1", 0), registry, lambda: CHECKS)
    server.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client:
            yield client
    finally:
        server.stop()


def test_it_is_healthy_and_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json() == {"ready": True, "checks": {"kafka": {"ok": True, "reason": "4 partitions"}}}


def test_one_dependency_that_fails_makes_it_unready_and_is_named(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKS, "models", Readiness(ok=False, reason="loading"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert answer.json()["checks"]["models"] == {"ok": False, "reason": "loading"}


def test_metrics_are_those_of_the_registry(client: httpx.Client, registry: CollectorRegistry) -> None:
    Counter("frames", "Frames.", registry=registry).inc(3)
    assert "frames_total 3.0" in client.get("/metrics").text


def test_another_path_says_what_there_is(client: httpx.Client) -> None:
    answer = client.get("/nope")
    assert answer.status_code == 404
    assert "/readyz" in answer.text


def test_a_silent_socket_does_not_keep_others_waiting(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)):
        assert client.get("/healthz", timeout=10).status_code == 200


def test_a_taken_port_is_an_error_at_once(client: httpx.Client, registry: CollectorRegistry) -> None:
    with pytest.raises(OSError, match="in use"):
        ManagementServer(("127.0.0.1", client.base_url.port or 0), registry, dict)


def test_a_probe_that_goes_away_is_no_error(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A health check that closed before it had read the answer filled the log with tracebacks."""
    asked, gone = threading.Event(), threading.Event()

    def slow() -> str:
        asked.set()
        assert gone.wait(10)
        return "x" * 4_000_000  # more than the socket takes before the reset is seen

    monkeypatch.setattr("sightline_common.management.readiness_document", lambda _: (HTTPStatus.OK, {"reason": slow()}))
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        probe.sendall(b"GET /readyz HTTP/1.1\r\n\r\n")
        assert asked.wait(10)
    gone.set()
    assert client.get("/healthz").status_code == 200
    end = time.monotonic() + 10
    while any("process_request_thread" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert capfd.readouterr().err == ""
