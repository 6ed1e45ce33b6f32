"""Traffic that goes on while things break, with a ledger of what was promised."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final
from uuid import uuid4

import httpx

from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS
from sightline_bridge.sender import send_frames
from sightline_local.samples import digit
from tests.e2e.system import eventually, post
from tests.repeats import say_the_same

_UPLOADERS: Final = 3
_PAUSE_S: Final = 0.1  # 20 to 30 uploads a second: more than a killed classifier's successor has done at once
_FRAMES: Final = 5  # of one connection to the bridge
_DIGITS: Final = 100


@dataclass
class Ledger:
    """What was promised: ids that got a 202, names of frames whose connection ended cleanly; and what was not."""

    ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # 5xx and broken connections, and when: unknown, so not promised
    wrong: list[str] = field(default_factory=list)  # answers that no client should ever get here
    _epoch: int = 0

    def await_more(self, uploads: int, frames: int, deadline_s: float = 120) -> None:
        """Wait until so many more were promised than now."""
        ids, names = len(self.ids) + uploads, len(self.names) + frames
        eventually(
            lambda: len(self.ids) >= ids and len(self.names) >= names, deadline_s, f"{uploads} uploads, {frames} frames"
        )

    def refuse(self, why: str) -> None:
        """Note what was not promised, with the time of day that logs have."""
        self.refused.append(f"{datetime.now(UTC):%T.%f} {why}")

    @contextmanager
    def unpromised_frames(self) -> Iterator[None]:
        """Frames whose connection is open at any time inside are no promise.

        For the death of the bridge itself: the kernel ends its connections as cleanly as the bridge does, so a sender
        cannot tell that what the bridge held is gone.
        """
        self._epoch += 1
        try:
            yield
        finally:
            self._epoch += 1

    @property
    def epoch(self) -> int:
        """Odd inside `unpromised_frames`."""
        return self._epoch


@contextmanager
def traffic(gateway: str, bridge: tuple[str, int]) -> Iterator[Ledger]:
    """Uploads and frames without end; they have stopped when this is left."""
    ledger, stop = Ledger(), threading.Event()
    work = [threading.Thread(target=_upload, args=(gateway, ledger, stop)) for _ in range(_UPLOADERS)]
    work.append(threading.Thread(target=_send, args=(bridge, ledger, stop)))
    for thread in work:
        thread.start()
    try:
        yield ledger
    finally:
        stop.set()
        for thread in work:
            thread.join()


def _upload(gateway: str, ledger: Ledger, stop: threading.Event) -> None:
    # A connection for each upload: of several gateways each then goes to one that is taking requests at that moment.
    with httpx.Client(base_url=gateway, timeout=30, trust_env=False, headers={"Connection": "close"}) as http:
        for number in count():
            if stop.wait(_PAUSE_S):
                return
            try:
                answer = post(http, digit(number % _DIGITS))
            except httpx.TransportError as error:
                ledger.refuse(repr(error))
                continue
            if answer.status_code == 202:
                ledger.ids.append(answer.json()["id"])
            elif answer.status_code >= 500:
                ledger.refuse(answer.text)
            else:
                ledger.wrong.append(answer.text)


def _send(bridge: tuple[str, int], ledger: Ledger, stop: threading.Event) -> None:
    while not stop.wait(_PAUSE_S):
        frames = [(f"tcp-{uuid4().hex[:20]}", digit(number).data) for number in range(_FRAMES)]
        epoch = ledger.epoch
        try:
            send_frames(bridge, frames, FRAMINGS["fixed28"])
        except SendError as error:
            ledger.refuse(str(error))
        else:
            if epoch == ledger.epoch and epoch % 2 == 0:
                ledger.names += [name for name, _ in frames]


def assert_nothing_lost(ledger: Ledger, read_results: Callable[[], Iterable[Any]], deadline_s: float = 180) -> None:
    """Wait until the topic has a result for all that was promised; results of one id have to say the same.

    `read_results` gives every result document that is in the topic now. Fails the test with what is missing.
    """
    assert not ledger.wrong, ledger.wrong[:3]
    said: dict[str, dict[int, Any]] = {}
    names = set[str]()

    def missing() -> list[str]:
        for result in read_results():
            said.setdefault(result["id"], {})[result["classified_at"]] = result
            names.add(result["name"])
        return [*(set(ledger.ids) - said.keys()), *(set(ledger.names) - names)]

    try:
        eventually(lambda: not missing(), deadline_s, "a result for all that was promised")
    except AssertionError as late:
        lost = missing()
        raise AssertionError(f"{len(lost)} of {len(ledger.ids) + len(ledger.names)} lost: {lost[:5]}") from late
    differing = [found for image_id in ledger.ids if not say_the_same(found := list(said[image_id].values()))]
    assert not differing, f"{len(differing)} ids have results that differ: {differing[:3]}"
