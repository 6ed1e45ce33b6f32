"""The client for asyncio programs: the same calls as `Client`, and many images at once."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from types import TracebackType
from typing import Self, TypeVar, final

import httpx

from sightline_client import transport
from sightline_client.documents import Result, Status, Uploaded
from sightline_client.events import PATH, STREAM_TIMEOUT, Event, StreamReader, require_events
from sightline_client.flows import Call, Flow, Flows, Pause, UploadOptions, given
from sightline_client.images import Source, read_image
from sightline_client.parallel import JOBS, Outcome, in_parallel
from sightline_client.retries import RETRIES, Answer

S = TypeVar("S", bound=Source)
T = TypeVar("T")


@final
class AsyncClient:
    """Speaks with one gateway. Close it, or use it in an `async with` statement. Retries as `Client` does."""

    def __init__(self, url: str = transport.DEFAULT_URL, *, api_key: str | None = None, retries: int = RETRIES) -> None:
        self._http = httpx.AsyncClient(**transport.options(url, api_key))
        self._flows = Flows(retries)

    async def upload(
        self, source: Source, *, model: str | None = None, stream: str | None = None, key: str | None = None
    ) -> Uploaded:
        """Send an image; arguments and errors are those of `Client.upload`."""
        image = await asyncio.to_thread(read_image, source)
        return await self._run(self._flows.upload(image, UploadOptions(model, stream, key)))

    async def classify(
        self,
        source: Source,
        *,
        model: str | None = None,
        stream: str | None = None,
        key: str | None = None,
        timeout_s: float = transport.DEFAULT_TIMEOUT_S,
    ) -> Result:
        """Send an image and wait for its result; arguments and errors are those of `Client.classify`."""
        image = await asyncio.to_thread(read_image, source)
        return await self._run(self._flows.classify(image, UploadOptions(model, stream, key), timeout_s))

    async def classify_many(
        self,
        sources: Iterable[S],
        *,
        model: str | None = None,
        stream: str | None = None,
        jobs: int = JOBS,
        timeout_s: float = transport.DEFAULT_TIMEOUT_S,
    ) -> AsyncGenerator[Outcome[S, Result], None]:
        """Classify all `sources`, at most `jobs` at a time; outcomes come in the order in which they are known.

        An image that fails has its error in its outcome, and the others go on.
        """

        async def one(source: S) -> Result:
            return await self.classify(source, model=model, stream=stream, timeout_s=timeout_s)

        async with aclosing(in_parallel(sources, one, jobs)) as outcomes:
            async for outcome in outcomes:
                yield outcome

    async def result(self, image_id: str) -> Result | None:
        """The result of an image, or None while it is pending; errors are those of `Client.result`."""
        return await self._run(self._flows.result(image_id))

    async def wait(self, image_id: str, *, timeout_s: float = transport.DEFAULT_TIMEOUT_S) -> Result:
        """The result of an image that was accepted, once it is there; errors are those of `Client.wait`."""
        return await self._run(self._flows.wait(image_id, timeout_s))

    async def iter_results(
        self,
        *,
        model: str | None = None,
        stream: str | None = None,
        label: str | None = None,
        status: Status | None = None,
    ) -> AsyncGenerator[Result, None]:
        """Results as they come, from any sender, from now on; see `Client.iter_events`."""
        wanted = self.iter_events(model=model, stream=stream, label=label, status=status)
        async with aclosing(wanted) as events:
            async for event in events:
                yield event.result

    async def iter_events(
        self,
        *,
        after: str | None = None,
        model: str | None = None,
        stream: str | None = None,
        label: str | None = None,
        status: Status | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Results as they come, each with its place in the stream; see `Client.iter_events`."""
        reader = StreamReader(after, self._flows.retries)
        wanted = given(model=model, stream=stream, label=label, status=status)
        while True:
            answer: Answer | None = None
            try:
                async with self._http.stream(
                    "GET", PATH, params=wanted, headers=reader.headers(), timeout=STREAM_TIMEOUT
                ) as response:
                    if response.is_success:
                        require_events(response)
                        async for chunk in response.aiter_bytes():
                            for event in reader.feed(chunk):
                                yield event
                    else:
                        await response.aread()
                        answer = response
            except httpx.RequestError as error:
                answer = error
            await asyncio.sleep(reader.pause(answer))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, flow: Flow[T]) -> T:
        answer: Answer | None = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as end:
                value: T = end.value
                return value
            answer = await self._do(step)

    async def _do(self, step: Call | Pause) -> Answer | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return await self._http.request(
                step.method,
                step.path,
                params=step.params,
                headers=step.headers,
                content=step.content,
                timeout=transport.timeout(step.answer_s),
            )
        except httpx.RequestError as error:
            return error
