"""The client's counterparts: the real gateway over real HTTP, and a proxy before it that fails as told."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from tests.browser.gateway import GatewayUnderTest, png


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayUnderTest]:
    """A gateway that classifies after 300 ms, without Kafka."""
    process = GatewayUnderTest(tmp_path / "gateway")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """An image file whose name is not ASCII."""
    path = tmp_path / "größe 1.png"
    path.write_bytes(png())
    return path


class _Handler(BaseHTTPRequestHandler):
    target: ClassVar[str]
    failures: ClassVar[list[str]]
    keys: ClassVar[list[str | None]]

    def do_GET(self) -> None:
        self._answer(200, b"<html>Sign in first</html>", {"Content-Type": "text/html"})

    def do_POST(self) -> None:
        self.keys.append(self.headers["Idempotency-Key"])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "busy":
            self._answer(429, b'{"code": "too-many-requests", "detail": "slow down"}', {"Retry-After": "0"})
            return
        if failure == "page":
            self.do_GET()
            return
        headers = {name: value for name, value in self.headers.items() if name not in {"Host", "Content-Length"}}
        answer = httpx.post(self.target + self.path, content=body, headers=headers, timeout=10)
        if failure != "cut":  # the gateway has the image, and its sender will never hear of it
            self._answer(answer.status_code, answer.content, {"Content-Type": answer.headers["Content-Type"]})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class FailingProxy:
    """Forwards uploads to the gateway; `failures` says what goes wrong with the next ones: "busy", "cut" or "page"."""

    def __init__(self, target: str) -> None:
        self.failures: list[str] = []
        self.keys: list[str | None] = []
        members = {"target": target.rstrip("/"), "failures": self.failures, "keys": self.keys}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), members))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


@pytest.fixture
def proxy(gateway: GatewayUnderTest) -> Iterator[FailingProxy]:
    """A proxy before the gateway."""
    started = FailingProxy(gateway.url)
    yield started
    started.close()
