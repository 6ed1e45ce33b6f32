"""The live stream's bytes as events, and where to go on after a broken connection."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

import httpx

from sightline_client.documents import Result, parse_result
from sightline_client.errors import UnexpectedAnswer
from sightline_client.retries import Answer, pause_before_retry
from sightline_client.transport import timeout

MAX_EVENT_BYTES: Final = 1024 * 1024  # a result has a few kB; more is no event of ours and must not fill our memory
_SILENCE_S: Final = 40.0  # two heartbeats and a bit: a stream that is silent for longer is dead
STREAM_TIMEOUT: Final = timeout(_SILENCE_S)
PATH: Final = "v1/results/stream"


@dataclass(frozen=True, slots=True)
class Event:
    """A result and the place in the stream behind it: given back as `after`, it continues there on any replica."""

    position: str
    result: Result


@final
class StreamReader:
    """Turns one stream, over as many connections as it takes, into events. Belongs to one reader."""

    def __init__(self, after: str | None, retries: int) -> None:
        self._position = after or ""
        self._retries = retries
        self._failures = 0
        self._held = b""

    def headers(self) -> dict[bytes, bytes]:
        """What the next connection's request says."""
        self._held = b""
        position = {b"Last-Event-ID": self._position.encode()} if self._position else {}
        return {b"Accept": b"text/event-stream", **position}

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that are complete with `chunk`.

        Raises:
            UnexpectedAnswer: an event is too long or its data is no result.
        """
        # Not `iter_lines` of httpx: it also breaks lines at characters that may stand inside a JSON string.
        *blocks, self._held = (self._held + chunk).split(b"\n\n")
        if len(self._held) > MAX_EVENT_BYTES:
            raise UnexpectedAnswer(f"an event of more than {MAX_EVENT_BYTES} bytes")
        self._failures = 0
        for block in blocks:
            fields = dict(line.partition(b": ")[::2] for line in block.split(b"\n"))
            self._position = fields.get(b"id", self._position.encode()).decode()
            if fields.get(b"event") == b"result":
                yield Event(self._position, _result(fields.get(b"data", b"")))

    def pause(self, answer: Answer | None) -> float:
        """Seconds to pause before the next connection; `answer` is what ended the last one, None for its plain end.

        Raises:
            Refused, Unreachable: it failed too often in a row, or another try cannot help.
        """
        self._failures += 1
        ended = httpx.RemoteProtocolError("the gateway ended the stream") if answer is None else answer
        return pause_before_retry(ended, self._failures, self._retries)


def require_events(response: httpx.Response) -> None:
    """Check that a successful `response` is an event stream.

    Raises:
        UnexpectedAnswer: it is not.
    """
    if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
        raise UnexpectedAnswer(f"{response.url} is no stream of events")


def _result(data: bytes) -> Result:
    try:
        return parse_result(json.loads(data))
    except ValueError as error:
        raise UnexpectedAnswer("an event's data is no JSON") from error
