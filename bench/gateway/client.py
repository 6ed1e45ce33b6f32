"""The load on the gateway: uploads over kept-alive connections, from a process of its own.

    python -m bench.gateway.client HOST:PORT FILE... --clients 64 --seconds 6 --warm-up 1     as fast as answers come
    python -m bench.gateway.client HOST:PORT FILE... --clients 64 --seconds 20 --rate 200     at a steady rate
    python -m bench.gateway.client HOST:PORT FILE... --clients 1000 --uploads 1000            each client one upload

Plain sockets and epoll: an HTTP library would take more processor time than the gateway that it measures. Every request
is one prepared buffer; of an answer only the status, the length and whether the connection ends are looked at. At a
steady rate an upload's latency counts from when it was due, so that a stalled gateway cannot hide behind clients that
wait. Prints one line of JSON, the fields of `Outcome`.
"""

import argparse
import json
import selectors
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

BROKEN: Final = "broken"  # instead of a status: the connection ended before the answer did
READ_BYTES: Final = 65_536
IDLE_S: Final = 0.05  # longest sleep: ends are noticed this late
GRACE_S: Final = 40.0  # for what is on its way at the end; the gateway answers within its delivery timeout


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: for `seconds` after `warm_up`, or so many `uploads`; at `rate` a second, or without a pause."""

    clients: int
    seconds: float
    warm_up: float = 0.0
    rate: float | None = None
    uploads: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came: answers by status after the warm-up, their time span, latencies in ms, our processor time in all."""

    statuses: dict[str, int]
    seconds: float
    latencies_ms: dict[str, float]
    cpu_s: float
    sent: int  # warm-up included

    @property
    def answered(self) -> int:
        """How many uploads got an answer, whatever it was."""
        return sum(count for status, count in self.statuses.items() if status != BROKEN)

    @property
    def accepted(self) -> int:
        """How many uploads Kafka has."""
        return self.statuses.get("202", 0)

    @property
    def rate(self) -> float:
        """Accepted uploads a second."""
        return self.accepted / self.seconds


def percentiles(latencies: Sequence[float]) -> dict[str, float]:
    """p50, p90, p99 and the largest of latencies in seconds, as ms; empty without any."""
    ordered = sorted(latencies)
    if not ordered:
        return {}
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    picked = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in shares.items()}
    return {name: round(value * 1000, 3) for name, value in {**picked, "max": ordered[-1]}.items()}


def request(address: str, body: bytes) -> bytes:
    """The whole request."""
    head = f"POST /v1/images HTTP/1.1\r\nHost: {address}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


class Answer:
    """An answer while it arrives."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._end: int | None = None
        self.status = BROKEN
        self.closes = False

    def feed(self, data: bytes) -> bool:
        """Take bytes; says whether the answer is whole. Raises ValueError for one without a length."""
        self._received += data
        if self._end is None:
            head_end = self._received.find(b"\r\n\r\n")
            if head_end < 0:
                return False
            head = bytes(self._received[:head_end]).lower()
            _, found, length = head.partition(b"\r\ncontent-length:")
            if not found:
                raise ValueError(f"an answer without Content-Length: {head!r}")
            self.status = head[9:12].decode()
            self.closes = b"\r\nconnection: close" in head
            self._end = head_end + 4 + int(length.split(b"\r\n", 1)[0])
        return len(self._received) >= self._end


class Connection:
    """One client: a socket, and the upload that it is busy with."""

    def __init__(self, address: tuple[str, int], selector: selectors.BaseSelector) -> None:
        self._address = address
        self._selector = selector
        self._socket = self._open()
        self._unsent = memoryview(b"")
        self._answer: Answer | None = None
        self.due = 0.0

    def begin(self, whole: bytes, due: float) -> None:
        """Send an upload that was due at `due`."""
        self.due, self._unsent, self._answer = due, memoryview(whole), Answer()
        self._send()

    def on_ready(self, events: int) -> str | None:
        """Go on; gives the status once the answer is whole, or `BROKEN`."""
        if self._answer is None:
            self._reopen()  # nothing is asked: the gateway has closed a connection that was idle
            return None
        try:
            if events & selectors.EVENT_READ and (done := self._receive()) is not None:
                return done
            if events & selectors.EVENT_WRITE:
                self._send()
        except ConnectionError:
            self._reopen()
            return BROKEN
        return None

    def close(self) -> None:
        """End it."""
        self._selector.unregister(self._socket)
        self._socket.close()

    def _open(self) -> socket.socket:
        opened = socket.create_connection(self._address)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setblocking(False)
        self._selector.register(opened, selectors.EVENT_READ, self)
        return opened

    def _reopen(self) -> None:
        self.close()
        self._socket, self._unsent, self._answer = self._open(), memoryview(b""), None

    def _send(self) -> None:
        waited = bool(self._selector.get_key(self._socket).events & selectors.EVENT_WRITE)
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        except ConnectionError:
            # The gateway refused and closed: its answer may still be there to read.
            self._unsent = memoryview(b"")
        if waited != bool(self._unsent):
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
            self._selector.modify(self._socket, events, self)

    def _receive(self) -> str | None:
        data = self._socket.recv(READ_BYTES)
        if not data:
            self._reopen()
            return BROKEN
        if self._answer is None or not self._answer.feed(data):
            return None
        answered, self._answer = self._answer, None
        if answered.closes or self._unsent:
            self._reopen()
        return answered.status


class Load:
    """All clients of one run."""

    def __init__(self, address: tuple[str, int], bodies: Sequence[bytes], plan: Plan) -> None:
        self._plan = plan
        self._requests = [request(f"{address[0]}:{address[1]}", body) for body in bodies]
        self._selector = selectors.DefaultSelector()
        self._idle = deque(Connection(address, self._selector) for _ in range(plan.clients))
        self._busy = 0
        self._sent = 0
        self._start = time.perf_counter()
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []

    def run(self) -> Outcome:
        """Send all and wait for the answers, `GRACE_S` at most for the last; what has none by then is broken."""
        cpu_before, self._start = time.process_time(), time.perf_counter()
        counts_from = self._start + self._plan.warm_up
        while self._begin_due() or self._busy:
            now = time.perf_counter()
            if now > counts_from + self._plan.seconds + GRACE_S:
                break
            for key, events in self._selector.select(self._pause(now)):
                self._go_on(key.data, events, counts_from)
        self._statuses[BROKEN] += self._busy
        counted = self._counted_s(counts_from)
        for key in list(self._selector.get_map().values()):
            key.data.close()
        statuses = {status: count for status, count in sorted(self._statuses.items()) if count}
        cpu_s = round(time.process_time() - cpu_before, 4)
        return Outcome(statuses, counted, percentiles(self._latencies), cpu_s, self._sent)

    def _counted_s(self, counts_from: float) -> float:
        if self._plan.uploads is None:
            return self._plan.seconds
        return time.perf_counter() - counts_from

    def _go_on(self, connection: Connection, events: int, counts_from: float) -> None:
        status = connection.on_ready(events)
        if status is None:
            return
        self._busy -= 1
        self._idle.append(connection)
        now = time.perf_counter()
        # At a rate an upload belongs to the moment it was due, else to that of its answer.
        moment = now if self._plan.rate is None else connection.due
        if self._plan.uploads is not None or counts_from <= moment < counts_from + self._plan.seconds:
            self._statuses[status] += 1
            self._latencies.append(now - connection.due)

    def _begin_due(self) -> bool:
        """Start what is due on clients that are free; says whether more is to come."""
        now = time.perf_counter()
        while self._idle and (due := self._next_due(now)) is not None and due <= now:
            whole = self._requests[self._sent % len(self._requests)]
            self._sent += 1
            self._busy += 1
            self._idle.popleft().begin(whole, due)
        return self._next_due(now) is not None

    def _next_due(self, now: float) -> float | None:
        """When the next upload has to start; None: there is none."""
        plan = self._plan
        if plan.uploads is not None:
            return now if self._sent < plan.uploads else None
        end = self._start + plan.warm_up + plan.seconds
        due = now if plan.rate is None else self._start + self._sent / plan.rate
        return due if due < end else None

    def _pause(self, now: float) -> float:
        due = self._next_due(now)
        if due is None or not self._idle:
            return IDLE_S
        return min(max(due - now, 0.0), IDLE_S)


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="HOST:PORT of the gateway")
    parser.add_argument("files", nargs="+", type=Path, help="images, sent in turn")
    parser.add_argument("--clients", type=int, default=64, help="connections (64)")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long to measure (6)")
    parser.add_argument("--warm-up", type=float, default=0.0, help="seconds before that count for nothing (0)")
    parser.add_argument("--rate", type=float, help="uploads a second; default: as fast as answers come")
    parser.add_argument("--uploads", type=int, help="so many instead of a time")
    arguments = parser.parse_args()
    host, _, port = arguments.address.rpartition(":")
    plan = Plan(arguments.clients, arguments.seconds, arguments.warm_up, arguments.rate, arguments.uploads)
    outcome = Load((host, int(port)), [file.read_bytes() for file in arguments.files], plan).run()
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")


if __name__ == "__main__":
    main()
