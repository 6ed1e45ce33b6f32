"""Traffic that goes on while things break, with a ledger of what was promised."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final
from uuid import uuid4

import httpx

from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS
from sightline_bridge.sender import send_frames
from sightline_local.samples import digit
from tests.e2e.system import eventually, post
from tests.kubernetes.cluster import BRIDGE, GATEWAY, Release

_UPLOADERS: Final = 3
_PAUSE_S: Final = 0.1  # 20 to 30 uploads a second: more than a killed classifier's successor has done at once
_FRAMES: Final = 5  # of one connection to the bridge
_DIGITS: Final = 100


@dataclass
class Ledger:
    """What was promised: ids that got a 202, names of frames whose connection ended cleanly; and what was not."""

    ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # 5xx and broken connections: unknown, so not promised
    wrong: list[str] = field(default_factory=list)  # answers that no client should ever get here

    def await_more(self, uploads: int, frames: int = 0) -> None:
        """Wait until so many more were promised than now."""
        ids, names = len(self.ids) + uploads, len(self.names) + frames
        eventually(
            lambda: len(self.ids) >= ids and len(self.names) >= names, 120, f"{uploads} uploads, {frames} frames"
        )


@contextmanager
def traffic() -> Iterator[Ledger]:
    """Uploads and frames without end; they have stopped when this is left."""
    ledger, stop = Ledger(), threading.Event()
    work = [threading.Thread(target=_upload, args=(ledger, stop)) for _ in range(_UPLOADERS)]
    work.append(threading.Thread(target=_send, args=(ledger, stop)))
    for thread in work:
        thread.start()
    try:
        yield ledger
    finally:
        stop.set()
        for thread in work:
            thread.join()


def _upload(ledger: Ledger, stop: threading.Event) -> None:
    # A connection for each upload, so that each goes to a pod that the Service names at that moment.
    with httpx.Client(base_url=GATEWAY, timeout=20, trust_env=False, headers={"Connection": "close"}) as http:
        for number in count():
            if stop.wait(_PAUSE_S):
                return
            try:
                answer = post(http, digit(number % _DIGITS))
            except httpx.TransportError as error:
                ledger.refused.append(repr(error))
                continue
            if answer.status_code == 202:
                ledger.ids.append(answer.json()["id"])
            else:
                (ledger.refused if answer.status_code >= 500 else ledger.wrong).append(answer.text)


def _send(ledger: Ledger, stop: threading.Event) -> None:
    while not stop.wait(_PAUSE_S):
        frames = [(f"tcp-{uuid4().hex[:20]}", digit(number).data) for number in range(_FRAMES)]
        try:
            send_frames(BRIDGE, frames, FRAMINGS["fixed28"])
        except SendError as error:
            ledger.refused.append(str(error))
        else:
            ledger.names += [name for name, _ in frames]


def assert_nothing_lost(release: Release, ledger: Ledger, deadline_s: float = 180) -> None:
    """Wait until the topic has a result for all that was promised; each id's results have to say the same.

    Fails the test with what is missing.
    """
    assert not ledger.wrong, ledger.wrong[:3]
    _await_shown(ledger, deadline_s)
    said: dict[str, set[str]] = {}
    names, started = set[str](), time.monotonic()
    while True:
        for result in release.results():
            said.setdefault(result["id"], set()).add(result["said"])
            names.add(result["name"])
        missing = [*(set(ledger.ids) - said.keys()), *(set(ledger.names) - names)]
        if not missing:
            break
        promised = len(ledger.ids) + len(ledger.names)
        assert time.monotonic() - started < deadline_s, f"{len(missing)} of {promised} lost: {missing[:5]}"
    assert all(len(said[image_id]) == 1 for image_id in ledger.ids)


def _await_shown(ledger: Ledger, deadline_s: float) -> None:
    """Wait until the gateways show a result for each accepted id: cheaper to ask for than the whole topic."""
    missing = set(ledger.ids)
    with httpx.Client(base_url=GATEWAY, timeout=20, trust_env=False) as http:

        def all_shown() -> bool:
            missing.difference_update([one for one in missing if http.get(f"/v1/images/{one}").status_code == 200])
            return not missing

        eventually(all_shown, deadline_s, "the gateways to show a result for every accepted id")
