"""What a client does, without doing it: generators that yield calls and pauses and are given the answers.

`Client` and `AsyncClient` only carry them out, so that both behave the same.
"""

import logging
import math
import secrets
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx

from sightline_client.documents import Result, Uploaded, parse_result
from sightline_client.errors import NoResultYet, UnexpectedAnswer
from sightline_client.images import Image
from sightline_client.retries import RETRIES, Answer, failure, pause_before_retry, retry_after

log = logging.getLogger(__name__)

MAX_WAIT_S: Final = 60  # the gateway holds an answer back no longer
_ANSWER_S: Final = 30.0  # beyond the time asked for: Kafka's acknowledgement on a bad day
_POLL_S: Final = 1.0  # what the gateway says in Retry-After, should it say nothing


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request; `answer_s` is how long its answer may take."""

    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    content: bytes | None = None
    answer_s: float = _ANSWER_S


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for a while."""

    seconds: float


T = TypeVar("T")
Flow = Generator[Call | Pause, Answer | None, T]


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """What goes with an image: see `Client.upload`."""

    model: str | None = None
    stream: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Flows:
    """The flows of a client that retries a call up to `retries` times; `clock` gives monotonic seconds."""

    retries: int = RETRIES
    clock: Callable[[], float] = time.monotonic

    def upload(self, image: Image, options: UploadOptions, wait_s: float = 0) -> Flow[Uploaded]:
        """Send `image`, and have its result with the answer if it comes within `wait_s` seconds."""
        response = yield from self._persist(_upload_call(image, options, wait_s))
        if response.status_code == httpx.codes.OK:
            result = parse_result(_json(response))
            return Uploaded(result.id, result)
        return Uploaded(_accepted_id(response), None)

    def classify(self, image: Image, options: UploadOptions, timeout_s: float) -> Flow[Result]:
        """Send `image` and wait for its result."""
        deadline = self.clock() + timeout_s
        uploaded = yield from self.upload(image, options, timeout_s)
        if uploaded.result is not None:
            return uploaded.result
        return (yield from self.wait(uploaded.id, deadline - self.clock()))

    def result(self, image_id: str) -> Flow[Result | None]:
        """The result of an image; None while it has none."""
        response = yield from self._persist(Call("GET", _image_path(image_id)))
        return _result_or_none(response)

    def wait(self, image_id: str, timeout_s: float) -> Flow[Result]:
        """Ask until the image has its result."""
        deadline = self.clock() + timeout_s
        while True:
            response = yield from self._persist(Call("GET", _image_path(image_id)), accepts=_may_come)
            missing = response.status_code == httpx.codes.NOT_FOUND
            if not missing and (result := _result_or_none(response)) is not None:
                return result
            left = deadline - self.clock()
            if left <= 0:
                raise failure(response) if missing else NoResultYet(image_id, timeout_s)
            yield Pause(min(retry_after(response) or _POLL_S, left))

    def _persist(self, call: Call, accepts: Callable[[httpx.Response], bool] | None = None) -> Flow[httpx.Response]:
        """Make `call` until it succeeds or `accepts` takes its answer.

        Raises:
            Refused, Unreachable: it cannot succeed, or did not after all retries.
        """
        failures = 0
        while True:
            answer = yield call
            if answer is None:
                raise TypeError("a call was not answered by whoever runs this flow")
            if isinstance(answer, httpx.Response) and (answer.is_success or (accepts is not None and accepts(answer))):
                return answer
            failures += 1
            pause = pause_before_retry(answer, failures, self.retries)
            log.info("%s; trying again", failure(answer))
            yield Pause(pause)


def given(**params: str | None) -> dict[str, str]:
    """The query parameters that are not None."""
    return {name: value for name, value in params.items() if value is not None}


def _may_come(response: httpx.Response) -> bool:
    """Whether the gateway does not know the image but wants to be asked again: another replica has just taken it."""
    return response.status_code == httpx.codes.NOT_FOUND and retry_after(response) is not None


def _upload_call(image: Image, options: UploadOptions, wait_s: float) -> Call:
    # With a key of its own, sending an image again can never make a second one of it.
    headers = {b"Content-Type": b"application/octet-stream"}
    headers[b"Idempotency-Key"] = (options.key or secrets.token_hex(16)).encode()
    if image.name is not None:
        headers[b"X-Image-Name"] = image.name.encode()
    wait = min(math.ceil(wait_s), MAX_WAIT_S)
    if wait > 0:
        headers[b"Prefer"] = b"wait=%d" % wait
    params = given(model=options.model, stream=options.stream)
    return Call("POST", "v1/images", params, headers, image.data, wait + _ANSWER_S)


def _image_path(image_id: str) -> str:
    return f"v1/images/{quote(image_id, safe='')}"


def _result_or_none(response: httpx.Response) -> Result | None:
    return parse_result(_json(response)) if response.status_code == httpx.codes.OK else None


def _accepted_id(response: httpx.Response) -> str:
    document = _json(response)
    image_id = document.get("id") if isinstance(document, dict) else None
    if response.status_code != httpx.codes.ACCEPTED or not isinstance(image_id, str):
        raise UnexpectedAnswer(f"an upload was answered with {response.status_code}, without an image's id")
    return image_id


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise UnexpectedAnswer(f"{response.url} answered {response.status_code}, but no JSON") from error
