"""Thumbnails made in a process of their own, one after another."""

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import Final

from prometheus_client import Counter

from sightline_gateway.pictures.frames import ANSWER_HEAD, IMAGE_HEAD, MOST_ANSWER, THUMBNAIL

log = logging.getLogger(__name__)

# The largest image within the worker's memory takes 2 s with its low priority (nice 10) on a busy core.
DEADLINE_S: Final = 10.0
_LEAVE_S: Final = 0.5
_TRIES: Final = 2  # the first death may be the last image's doing, or an operator's; the second is likely this image's


class NoThumbnail(Exception):
    """There is no thumbnail of an image, and trying again would not help; the message says why."""


class NotScaled(Exception):
    """There is no thumbnail this time, which may be the machine's doing; the message says why."""


class Scaler:
    """Starts the worker when it is first needed, and another one when it died or got stuck. For one event loop."""

    def __init__(self, memory: int, max_pixels: int, starts: Counter) -> None:
        """`memory` in bytes; `starts` counts workers."""
        self._command = ("-I", "-m", "sightline_gateway.pictures.worker", str(memory), str(max_pixels))
        self._starts = starts
        self._worker: Process | None = None
        self._turn = asyncio.Lock()

    async def scale(self, data: bytes) -> bytes:
        """The image's thumbnail as WebP.

        Raises:
            NoThumbnail: it cannot be decoded within memory.
            NotScaled: the process that does it has ended or took too long.
        """
        async with self._turn:
            for _ in range(_TRIES):
                try:
                    return await self._ask(data)
                except (asyncio.IncompleteReadError, ConnectionError):
                    await self._end("has ended")
        raise NotScaled(f"the process that makes thumbnails has ended {_TRIES} times over it")

    async def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            await _ended(self._worker)
            self._worker = None

    async def _ask(self, data: bytes) -> bytes:
        worker = self._worker or await self._start()
        try:
            async with asyncio.timeout(DEADLINE_S):
                kind, content = await _exchange(worker, data)
        except TimeoutError:
            await self._end("was stuck")
            raise NotScaled(f"decoding it takes longer than {DEADLINE_S:g} s") from None
        except asyncio.CancelledError:
            await self.close()  # half an answer may be in its pipes
            raise
        if kind != THUMBNAIL:
            reason, _, cause = content.decode().partition("\n")
            log.debug("no thumbnail: %s", reason, extra={"cause": cause})
            raise NoThumbnail(reason)
        return content

    async def _end(self, what: str) -> None:
        """Make room for another worker."""
        worker = self._worker
        await self.close()
        status = None if worker is None else worker.returncode
        log.warning("the process that makes thumbnails %s: the next image starts another", what, extra={"exit": status})

    async def _start(self) -> Process:
        # Without our environment, which `conceal_process` closes to it under /proc, too: a decoder that is broken into
        # finds no secrets in either. A session of its own: Ctrl-C is for the gateway, which ends it.
        self._worker = await asyncio.create_subprocess_exec(
            sys.executable, *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, start_new_session=True
        )
        self._starts.inc()
        return self._worker


async def _ended(worker: Process) -> None:
    """Wait for the worker to end with its input, as it does between images; otherwise kill it."""
    if worker.stdin is not None:
        worker.stdin.close()
    try:
        async with asyncio.timeout(_LEAVE_S):
            await worker.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):  # it ended as its time was over
            worker.kill()
        await worker.wait()


async def _exchange(worker: Process, data: bytes) -> tuple[bytes, bytes]:
    if worker.stdin is None or worker.stdout is None:
        raise TypeError("the worker was started without pipes")
    worker.stdin.write(IMAGE_HEAD.pack(len(data)))
    worker.stdin.write(data)
    await worker.stdin.drain()
    kind, length = ANSWER_HEAD.unpack(await worker.stdout.readexactly(ANSWER_HEAD.size))
    if length > MOST_ANSWER:
        raise ConnectionError("the worker does not keep to the protocol")
    return kind, await worker.stdout.readexactly(length)
