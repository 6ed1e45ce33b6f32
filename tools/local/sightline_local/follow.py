"""Follows the gateway's live results (server-sent events) for as long as the caller listens."""

import json
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

import httpx

from sightline_local.client import authorization

# The gateway sends a comment every 15 s; twice that in silence means the connection is dead.
_SILENCE_S: Final = 30.0
_RETRY_S: Final = 1.0


def follow_results(url: str, running: Callable[[], bool] = lambda: True, api_key: str | None = None) -> Generator[Any]:
    """Yield result documents as they come.

    Resumes after the last one when the connection breaks, for as long as `running` says that it can come back.
    """
    headers = authorization(api_key)
    timeout = httpx.Timeout(5.0, read=_SILENCE_S)
    with httpx.Client(base_url=url, timeout=timeout, trust_env=False) as http:
        while True:
            try:
                with http.stream("GET", "/v1/results/stream", headers=headers) as answer:
                    answer.raise_for_status()
                    for position, data in _events(answer.iter_lines()):
                        headers["Last-Event-ID"] = position
                        yield json.loads(data)
            except httpx.HTTPError:
                # The gateway restarts or Kafka is away: both come back by themselves.
                if not running():
                    return
                time.sleep(_RETRY_S)


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """(id, data) of each `result` event."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if fields.get("event") == "result" and "data" in fields:
            yield fields.get("id", ""), fields["data"]
        fields = {}
