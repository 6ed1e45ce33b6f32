"""The client for plain programs."""

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self, TypeVar, final

import httpx

from sightline_client import transport
from sightline_client.documents import Result, Status, Uploaded
from sightline_client.events import PATH, STREAM_TIMEOUT, Event, StreamReader, require_events
from sightline_client.flows import Call, Flow, Flows, Pause, UploadOptions, given
from sightline_client.images import Source, read_image
from sightline_client.retries import RETRIES, Answer

T = TypeVar("T")


@final
class Client:
    """Speaks with one gateway. Threads may share it; close it, or use it in a `with` statement.

    Every call retries what may pass (no connection, 429, 5xx) up to `retries` times, with the pauses that the gateway
    asks for, and then raises `Refused` or `Unreachable`. Images carry an idempotency key, so that a retry never makes
    a second one.
    """

    def __init__(self, url: str = transport.DEFAULT_URL, *, api_key: str | None = None, retries: int = RETRIES) -> None:
        self._http = httpx.Client(**transport.options(url, api_key))
        self._flows = Flows(retries)

    def upload(
        self, source: Source, *, model: str | None = None, stream: str | None = None, key: str | None = None
    ) -> Uploaded:
        """Send an image, a path or its bytes; returns once Kafka has it.

        Args:
            source: the file's path, or its content.
            model: `name` or `name@version`; the system's default when None.
            stream: the camera or sender; images of one stream keep their order.
            key: same key, same image id: for programs that repeat an upload themselves, after a crash say.

        Raises:
            UnreadableImage: the file cannot be read.
            Refused: the gateway does not take the image.
            Unreachable: no gateway answered.
        """
        return self._run(self._flows.upload(read_image(source), UploadOptions(model, stream, key)))

    def classify(
        self,
        source: Source,
        *,
        model: str | None = None,
        stream: str | None = None,
        key: str | None = None,
        timeout_s: float = transport.DEFAULT_TIMEOUT_S,
    ) -> Result:
        """Send an image as `upload` does and wait for its result. Look at `status`: the image may have failed.

        Raises:
            NoResultYet: it was accepted, but there is no result after `timeout_s` seconds.
            UnreadableImage, Refused, Unreachable: as `upload`.
        """
        return self._run(self._flows.classify(read_image(source), UploadOptions(model, stream, key), timeout_s))

    def result(self, image_id: str) -> Result | None:
        """The result of an image, or None while it is pending.

        Raises:
            Refused: with status 404 or 410 when this gateway knows no such image, or none any more, and as `upload`.
        """
        return self._run(self._flows.result(image_id))

    def wait(self, image_id: str, *, timeout_s: float = transport.DEFAULT_TIMEOUT_S) -> Result:
        """The result of an image that was accepted, once it is there.

        Raises:
            NoResultYet: not within `timeout_s` seconds.
            Refused: with status 404 or 410 when there is no such image, or none any more, and as `upload`.
        """
        return self._run(self._flows.wait(image_id, timeout_s))

    def iter_results(
        self,
        *,
        model: str | None = None,
        stream: str | None = None,
        label: str | None = None,
        status: Status | None = None,
    ) -> Iterator[Result]:
        """Results as they come, from any sender, from now on; see `iter_events`."""
        return (event.result for event in self.iter_events(model=model, stream=stream, label=label, status=status))

    def iter_events(
        self,
        *,
        after: str | None = None,
        model: str | None = None,
        stream: str | None = None,
        label: str | None = None,
        status: Status | None = None,
    ) -> Iterator[Event]:
        """Results as they come, from any sender, each with its place in the stream; does not end by itself.

        A broken connection is made again without missing a result. `after` is the position of an event that was seen,
        perhaps by an earlier process: then what came since comes first. A result can come twice, never not at all.
        With `model` (`name` or `name@version`), `stream`, `label` (the most probable) or `status` others are left out.

        Raises:
            Refused, Unreachable: the stream broke and could not be had again.
        """
        reader = StreamReader(after, self._flows.retries)
        wanted = given(model=model, stream=stream, label=label, status=status)
        while True:
            answer: Answer | None = None
            try:
                with self._http.stream(
                    "GET", PATH, params=wanted, headers=reader.headers(), timeout=STREAM_TIMEOUT
                ) as response:
                    if response.is_success:
                        require_events(response)
                        for chunk in response.iter_bytes():
                            yield from reader.feed(chunk)
                    else:
                        response.read()
                        answer = response
            except httpx.RequestError as error:
                answer = error
            time.sleep(reader.pause(answer))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        answer: Answer | None = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as end:
                value: T = end.value
                return value
            answer = self._do(step)

    def _do(self, step: Call | Pause) -> Answer | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            return self._http.request(
                step.method,
                step.path,
                params=step.params,
                headers=step.headers,
                content=step.content,
                timeout=transport.timeout(step.answer_s),
            )
        except httpx.RequestError as error:
            return error
