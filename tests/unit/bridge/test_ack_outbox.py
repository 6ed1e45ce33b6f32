"""What a sender keeps, with the bridge's side of the connection as its peer, and no socket between them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice

from hypothesis import given
from hypothesis import strategies as st

from sightline_bridge.ack.messages import NackCode, encode_hello
from sightline_bridge.ack.outbox import Outbox
from sightline_bridge.ack.session import AckSession
from tests.unit.bridge.test_ack_session import drain, said, session

MIB = 1024 * 1024


def deliver(outbox: Outbox, reader: AckSession) -> list[int]:
    """What may be sent goes to the bridge, and its answers come back; the ids that it took."""
    while (letter := outbox.next_letter()) is not None:
        reader.feed(letter.head + letter.payload)
    taken = [one.frame_id for one in drain(reader)]
    for answer in said(reader):
        outbox.take(answer)
    return taken


def greeted(window: int, frames: int) -> tuple[Outbox, AckSession]:
    """Both sides after HELLO and WELCOME; `frames` are kept for sending."""
    outbox, reader = Outbox(most_bytes=MIB), session(window)
    for _ in range(frames):
        outbox.add(None, b"x")
    reader.feed(encode_hello("s"))
    outbox.connected()
    assert deliver(outbox, reader) == []
    return outbox, reader


def test_a_refused_frame_holds_its_place_in_the_window_until_all_before_it_are_answered_for() -> None:
    """One that was forgotten at once let the sender send one more: the bridge ended it for good, window-exceeded."""
    outbox, reader = greeted(window=2, frames=4)
    assert deliver(outbox, reader) == [1, 2]
    reader.settled(2, NackCode.TOO_LARGE)
    assert deliver(outbox, reader) == []
    assert [refusal.frame_id for refusal in outbox.refused] == [2]
    assert deliver(outbox, reader) == []
    assert not outbox.has_room(1)
    reader.settled(1)
    assert deliver(outbox, reader) == []
    assert outbox.acknowledged == 1
    assert deliver(outbox, reader) == [3, 4]


def test_a_refused_frame_is_not_sent_again_and_needs_no_answer_of_another_connection() -> None:
    outbox, reader = greeted(window=3, frames=3)
    assert deliver(outbox, reader) == [1, 2, 3]
    reader.settled(2, NackCode.TOO_LARGE)
    assert deliver(outbox, reader) == []
    reader = session()
    reader.feed(encode_hello("s"))
    outbox.connected()
    assert deliver(outbox, reader) == []
    assert deliver(outbox, reader) == [1, 3]
    reader.settled(1)
    reader.settled(3)
    assert deliver(outbox, reader) == []
    assert (len(outbox), outbox.acknowledged, len(outbox.refused)) == (0, 2, 1)


def test_the_last_frames_refused_leave_nothing_to_wait_for() -> None:
    outbox, reader = greeted(window=2, frames=2)
    assert deliver(outbox, reader) == [1, 2]
    reader.settled(2, NackCode.TOO_LARGE)
    reader.settled(1, NackCode.TOO_LARGE)
    assert deliver(outbox, reader) == []
    assert (len(outbox), outbox.acknowledged, len(outbox.refused)) == (0, 0, 2)


@dataclass
class Ledger:
    """What one bridge after another did with the frames of one sender; `fates` says what becomes of each."""

    fates: Iterator[str]
    order: random.Random
    stored: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)

    def some_of(self, waiting: list[int]) -> list[int]:
        """One or more of the frames that wait for Kafka, in any order, as its partitions answer."""
        return self.order.sample(waiting, self.order.randint(1, len(waiting))) if waiting else []

    def settle(self, reader: AckSession, frame_id: int) -> bool:
        """Whether the connection is still there afterwards."""
        match next(self.fates, "stored"):
            case "lost":
                return False
            case "lost-after":
                self.stored.add(frame_id)
                return False
            case "too-large":
                self.refused.add(frame_id)
                reader.settled(frame_id, NackCode.TOO_LARGE)
            case _:
                self.stored.add(frame_id)
                reader.settled(frame_id)
        return True


def converse(outbox: Outbox, reader: AckSession, ledger: Ledger, to_add: list[bytes]) -> bool:
    """One connection until all is answered for (True) or it is lost."""
    reader.feed(encode_hello("s"))
    outbox.connected()
    waiting: list[int] = []
    while len(outbox) or to_add:
        while to_add and outbox.has_room(1):
            outbox.add(None, to_add.pop())
        while (letter := outbox.next_letter()) is not None:
            reader.feed(letter.head + letter.payload)
        waiting += (one.frame_id for one in drain(reader))
        for frame_id in ledger.some_of(waiting):
            waiting.remove(frame_id)
            if not ledger.settle(reader, frame_id):
                return False
        for answer in said(reader):
            outbox.take(answer)
    return True


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=8),
    st.lists(st.sampled_from(["stored", "lost", "lost-after", "too-large"]), max_size=40),
    st.randoms(use_true_random=False),
)
def test_sender_and_bridge_agree_whatever_is_cut_off(
    windows: list[int], fates: list[str], order: random.Random
) -> None:
    """Connections are lost after any frame: at the end each frame was stored or refused, and the sender knows."""
    outbox, ledger, to_add = Outbox(most_bytes=MIB), Ledger(iter(fates), order), [b"x"] * 12
    assert any(converse(outbox, session(window), ledger, to_add) for window in islice(cycle(windows), 60))
    known = {refusal.frame_id for refusal in outbox.refused}
    assert known <= ledger.refused
    assert ledger.stored | known == set(range(1, 13))
    assert outbox.acknowledged + len(known) == 12
