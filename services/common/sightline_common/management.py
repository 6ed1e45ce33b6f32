"""The management port of processes without an HTTP API of their own: /healthz, /readyz and /metrics."""

import json
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest


class Readiness(NamedTuple):
    """Whether a dependency can be used now, and why not (or what it is) in a few words."""

    ok: bool
    reason: str


ReadinessCheck = Callable[[], Mapping[str, Readiness]]


def readiness_document(checks: Mapping[str, Readiness]) -> tuple[HTTPStatus, dict[str, Any]]:
    """Status and JSON body of a `/readyz` answer: 503 as long as one dependency is not ready."""
    ready = all(check.ok for check in checks.values())
    body = {"ready": ready, "checks": {name: check._asdict() for name, check in checks.items()}}
    return (HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE), body


class ManagementServer:
    """Serves the three paths from a daemon thread, so that a busy main thread still answers its probes."""

    def __init__(self, address: tuple[str, int], registry: CollectorRegistry, readiness: ReadinessCheck) -> None:
        """Bind `address` at once.

        Raises:
            OSError: the port is taken or the address is not this host's.
        """
        handler = type("Handler", (_Handler,), {"registry": registry, "readiness": staticmethod(readiness)})
        self._server = _Server(address, handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="management", daemon=True)

    @property
    def port(self) -> int:
        """The port in use, also when 0 was asked for."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and close the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A probe that went away before its answer is no error; the base class would print its traceback each time."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    registry: CollectorRegistry
    readiness: ReadinessCheck
    timeout = 5  # seconds for a whole request: a probe is tiny, and a silent socket must not hold a thread

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/healthz":
                self._answer(HTTPStatus.OK, "application/json", b'{"healthy":true}')
            case "/readyz":
                status, body = readiness_document(self.readiness())
                self._answer(status, "application/json", json.dumps(body).encode())
            case "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.registry))
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"try /healthz, /readyz or /metrics\n")

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Probes come every few seconds; logging them would drown the rest."""
