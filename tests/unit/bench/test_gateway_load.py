"""The gateway benchmark's client: what it counts, and what it does not let pass."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.gateway.client import BROKEN, Answer, Load, Outcome, Plan, percentiles, request

ACCEPTED = b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nconnection: close\r\n\r\n{}"


@contextmanager
def server(answer: Callable[[int], bytes | None], body: int) -> Iterator[tuple[str, int]]:
    """Answers the n-th request of any connection with `answer(n)`; None ends the connection instead."""
    listener = socket.create_server(("127.0.0.1", 0))
    served, counting = [0], threading.Lock()

    def serve(peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as received:
            while received.readline():
                while received.readline() != b"\r\n":
                    pass
                received.read(body)
                with counting:
                    served[0] += 1
                    sent = answer(served[0])
                if sent is not None:  # who closes does so in the same segment, before its peer sends again
                    peer.sendall(sent, socket.MSG_MORE if b"close" in sent else 0)
                if sent is None or b"close" in sent:
                    return

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:  # closed: the test is over
                return
            threading.Thread(target=serve, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_so_many_uploads_are_sent_and_each_answer_is_counted_by_its_status() -> None:
    body = b"x" * 300_000  # more than a socket takes at once
    with server(lambda n: REFUSED if n % 5 == 0 else ACCEPTED, len(body)) as address:
        outcome = Load(address, [body], Plan(clients=4, seconds=20, uploads=50)).run()
    assert outcome.statuses == {"202": 40, "503": 10}
    assert (outcome.answered, outcome.accepted, outcome.sent) == (50, 40, 50)


def test_a_connection_that_ends_without_an_answer_is_broken_and_the_client_goes_on() -> None:
    with server(lambda n: None if n == 3 else ACCEPTED, 10) as address:
        outcome = Load(address, [b"x" * 10], Plan(clients=1, seconds=20, uploads=6)).run()
    assert outcome.statuses == {"202": 5, BROKEN: 1}
    assert outcome.answered == 5


def test_an_idle_connection_that_the_server_closes_is_no_upload() -> None:
    """The gateway closes connections without a request after 10 s: once they were counted as answers, twice each."""
    closing = REFUSED.replace(b"connection: close", b"x: y; close")  # the server closes, and the answer does not say so
    with server(lambda n: closing if n == 1 else ACCEPTED, 10) as address:
        outcome = Load(address, [b"x" * 10], Plan(clients=2, seconds=1, rate=20)).run()
    assert outcome.statuses == {"202": 19, "503": 1}


def test_at_a_rate_uploads_come_when_they_are_due_and_a_stall_counts_against_the_server() -> None:
    """One client, a server that stalls once: all that were due meanwhile are late, not only the one that waited."""

    def stalls_once(number: int) -> bytes:
        if number == 10:
            time.sleep(0.3)
        return ACCEPTED

    with server(stalls_once, 10) as address:
        outcome = Load(address, [b"x" * 10], Plan(clients=1, seconds=1, rate=100)).run()
    assert outcome.accepted == 100
    assert outcome.latencies_ms["max"] >= 290
    assert outcome.latencies_ms["p90"] > 50  # 30 of 100 were due during the stall


def test_the_warm_up_counts_for_nothing() -> None:
    with server(lambda _: ACCEPTED, 10) as address:
        outcome = Load(address, [b"x" * 10], Plan(clients=1, seconds=0.5, warm_up=0.5, rate=100)).run()
    assert outcome.accepted == 50
    assert outcome.sent == 100


def test_the_client_is_a_program_that_prints_its_outcome(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"x" * 10)
    with server(lambda _: ACCEPTED, 10) as (host, port):
        command = [sys.executable, "-m", "bench.gateway.client", f"{host}:{port}", str(file), "--uploads", "3"]
        root = Path(__file__).parents[3]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=60)
    assert Outcome(**json.loads(done.stdout)).statuses == {"202": 3}


def test_an_answer_may_come_in_pieces() -> None:
    answer = Answer()
    fed = [answer.feed(bytes([byte])) for byte in REFUSED]
    assert fed == [False] * (len(REFUSED) - 1) + [True]
    assert (answer.status, answer.closes) == ("503", True)


def test_an_answer_without_a_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="without Content-Length"):
        Answer().feed(b"HTTP/1.1 202 Accepted\r\n\r\n")


def test_a_request_says_how_long_its_body_is() -> None:
    head, _, body = request("h:1", b"\r\n\r\n!").partition(b"\r\n\r\n")
    assert body == b"\r\n\r\n!"
    assert b"Content-Length: 5" in head


def test_percentiles_are_of_all_latencies() -> None:
    assert percentiles([number / 1000 for number in range(1, 101)]) == {
        "p50": 51.0,
        "p90": 91.0,
        "p99": 100.0,
        "max": 100.0,
    }
    assert percentiles([]) == {}
