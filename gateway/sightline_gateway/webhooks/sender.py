"""Sends webhooks that are due, each again until its receiver takes it or the tries are used up."""

import asyncio
import logging
import sqlite3
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal

import h11

from sightline_gateway.metrics import Metrics
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.view.callbacks import TRIES, Callback
from sightline_gateway.view.store import Store
from sightline_gateway.webhooks.post import post
from sightline_gateway.webhooks.signature import signed_headers
from sightline_gateway.webhooks.targets import NotAllowed, Origin, address_of, parse_target

log = logging.getLogger(__name__)

AT_ONCE: Final = 16  # fewer and receivers that hang hold up the others; each has a socket and a result
TIMEOUT_S: Final = 10.0  # of a try: a receiver that answers slowly must not hold one of few places for long
LOOK_S: Final = 2.0  # how late a repeated try may be; new results are sent at once

Outcome = Literal["delivered", "retried", "abandoned"]


class Webhooks:
    """Belongs to the event loop that calls `start`. `failed` is called on a fault that no retry can mend."""

    def __init__(
        self, store: Store, metrics: Metrics, key: bytes, origins: frozenset[Origin], *, private: bool
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._key = key
        self._origins = origins
        self._private = private
        self._secure = ssl.create_default_context()
        # A resolver that hangs must not take the threads that all share.
        self._resolving = ThreadPoolExecutor(4, "webhook-names")
        self._wake = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None

    def start(self, failed: Callable[[], object]) -> None:
        """Begin to send what is due, also what was left by the process before."""

        def ended(task: "asyncio.Task[None]") -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("webhooks have failed", exc_info=error)
                failed()

        self._running = asyncio.create_task(self._run())
        self._running.add_done_callback(ended)

    def wake(self) -> None:
        """Look at once: there are new results."""
        self._wake.set()

    async def stop(self) -> None:
        """End; webhooks that are being sent will be sent again by the next process."""
        tasks = [*self._sending, *([self._running] if self._running else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._resolving.shutdown(wait=False, cancel_futures=True)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                for callback in await self._claimed():
                    task = group.create_task(self._deliver(callback))
                    self._sending.add(task)
                    task.add_done_callback(self._done)
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._sending.discard(task)
        self._wake.set()

    async def _claimed(self) -> list[Callback]:
        free = AT_ONCE - len(self._sending)
        try:
            return await asyncio.to_thread(self._store.claim_callbacks, free) if free else []
        except sqlite3.Error as error:
            log.warning("webhooks wait: %s", error)
            return []

    async def _deliver(self, callback: Callback) -> None:
        reason = await self._try(callback)
        outcome: Outcome = "delivered" if reason is None else "retried" if callback.tries < TRIES else "abandoned"
        self._metrics.callbacks.labels(outcome).inc()
        if reason is not None:
            extra = {"image_id": callback.id, "tries": callback.tries, "outcome": outcome}
            log.warning("webhook not delivered: %s", reason, extra=extra)
        try:
            if outcome == "retried":
                await asyncio.to_thread(self._store.put_off_callback, callback)
            else:
                await asyncio.to_thread(self._store.drop_callback, callback.id)
        except sqlite3.Error as error:
            log.warning("webhook will be sent again: %s", error, extra={"image_id": callback.id})

    async def _try(self, callback: Callback) -> str | None:
        """None once the receiver has taken it, else why not."""
        target = parse_target(callback.url)
        if target.origin not in self._origins:
            return f"{target.origin.host} is not listed in SIGHTLINE_GATEWAY_CALLBACK_ORIGINS any more"
        headers = signed_headers(self._key, callback.id, int(time.time()), callback.document)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                address = await address_of(target.origin, self._resolving, private=self._private)
                status = await post(target, address, self._secure, headers, callback.document)
        except (OSError, NotAllowed, h11.RemoteProtocolError) as error:
            return str(error) or type(error).__name__
        return None if 200 <= status < 300 else f"the receiver answered {status}"


def webhooks_of(settings: GatewaySettings, store: Store, metrics: Metrics) -> Webhooks | None:
    """The webhooks that `settings` ask for; None when they are off."""
    key = settings.callback_key
    if key is None:
        return None
    return Webhooks(store, metrics, key, settings.callback_origins, private=settings.gateway_callback_private)
