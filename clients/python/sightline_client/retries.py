"""When to try again, and how long to pause before."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from sightline_client.errors import Refused, Unreachable

RETRIES: Final = 8  # half a minute of pauses: a broker or gateway that restarts is back by then
MAX_PAUSE_S: Final = 60.0  # a gateway that asks for more is better reported than waited for
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_BACKOFF_S: Final = 8.0
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
# Repeating cannot help: the address or the request is wrong.
_FINAL: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)

Answer = httpx.Response | httpx.RequestError


def is_transient(answer: Answer) -> bool:
    """Whether the same request may do better a little later."""
    if isinstance(answer, httpx.Response):
        return answer.status_code in _TRANSIENT
    return isinstance(answer, httpx.TransportError) and not isinstance(answer, _FINAL)


def pause_before_retry(answer: Answer, failures: int, retries: int) -> float:
    """Seconds to pause after the `failures`-th failure in a row, counted from 1.

    At least what the gateway asks for, and longer each time, with a random part: clients must not come back in step.

    Raises:
        Refused: the gateway's error; it is not transient, the retries are used up, or it asks for too long a pause.
        Unreachable: the same for a request without an answer.
    """
    asked = retry_after(answer) or 0.0
    if failures > retries or asked > MAX_PAUSE_S or not is_transient(answer):
        raise failure(answer)
    backoff: float = min(_FIRST_PAUSE_S * 2.0 ** (failures - 1), _LONGEST_BACKOFF_S)
    return max(asked, backoff * random.uniform(0.5, 1.0))  # noqa: S311 - nothing secret about it


def retry_after(answer: Answer) -> float | None:
    """The seconds that `Retry-After` asks for, as a number or a date; None without a valid one."""
    text = answer.headers.get("Retry-After") if isinstance(answer, httpx.Response) else None
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def failure(answer: Answer) -> Refused | Unreachable:
    """The error that stands for a request that failed."""
    if not isinstance(answer, httpx.Response):
        return Unreachable(f"no answer: {str(answer) or 'the connection broke'}")
    code, detail = f"http-{answer.status_code}", answer.reason_phrase or "no reason given"
    problem = _problem(answer)
    return Refused(
        answer.status_code, str(problem.get("code", code)), str(problem.get("detail", detail)), retry_after(answer)
    )


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem document, or nothing: what stands in between (a proxy) answers in its own words."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
