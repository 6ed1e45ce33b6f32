"""Fragments as networks deliver them: lost, late, twice, in any order; and as nobody should send them."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline_bridge.datagram.reassembly import FRAGMENT_OVERHEAD_BYTES, MAX_GAP_FRAMES
from sightline_bridge.framing import Frame
from sightline_bridge.pipeline import FRAME_OVERHEAD_BYTES
from tests.unit.bridge.datagrams import CAMERA, KIB, Receiver, datagrams, forged, image
from tests.unit.bridge.wire import names

images = st.binary(min_size=1, max_size=700)


@given(
    frames=st.lists(st.builds(Frame, st.one_of(st.none(), names), images), max_size=4),
    size=st.integers(53, 300),
    first=st.sampled_from([0, 7, 2**32 - 2]),
    order=st.randoms(use_true_random=False),
    repeated=st.integers(0, 5),
)
def test_any_order_gives_the_frames_in_theirs(
    frames: list[Frame], size: int, first: int, order: random.Random, repeated: int
) -> None:
    """Shuffled and repeated within the window; the first datagram alone has to be of the first frame."""
    sent = [
        datagram
        for number, frame in enumerate(frames)
        for datagram in datagrams(first + number, bytes(frame.payload), name=frame.name, size=size)
    ]
    rest = sent[1:] + sent[:repeated]
    order.shuffle(rest)
    receiver = Receiver()
    receiver.push(*sent[:1], *rest)
    assert receiver.frames == frames
    assert receiver.lost() == {}
    assert receiver.datagrams() == ({"duplicate": min(repeated, len(sent))} if repeated and sent else {})
    assert receiver.budget.used == 0


def test_streams_and_senders_are_apart() -> None:
    receiver = Receiver()
    one, two = datagrams(5, image(1), stream_id=1), datagrams(5, image(2), stream_id=2)
    for first, second in zip(one, two, strict=True):
        receiver.push(first, second)
        receiver.push(first, sender=("192.0.2.8", 40_000))
        receiver.push(first, sender=("192.0.2.7", 40_001))
    assert [(frame.sender, frame.stream_id) for frame in receiver.whole] == [
        (CAMERA, 1),
        (CAMERA, 2),
        (("192.0.2.8", 40_000), 1),
        (("192.0.2.7", 40_001), 1),
    ]
    assert receiver.datagrams() == {}


def test_a_frame_waits_for_the_one_before_it() -> None:
    receiver = Receiver()
    first, second = datagrams(0, image(0)), datagrams(1, image(1))
    receiver.push(*first[:-1], *second)
    assert receiver.sequences == []
    receiver.push(first[-1])
    assert receiver.sequences == [0, 1]


def test_a_frame_that_takes_too_long_is_given_up_and_the_next_ones_go_on() -> None:
    receiver = Receiver()
    first, second = datagrams(0, image(0)), datagrams(1, image(1))
    receiver.push(*first[:-1])
    receiver.wait(0.5)
    receiver.push(*second)
    receiver.wait(0.499)
    assert receiver.sequences == []
    receiver.wait(0.001)
    assert receiver.sequences == [1]
    assert receiver.lost() == {"incomplete": 1}
    receiver.push(first[-1])
    assert receiver.datagrams() == {"late": 1}
    assert receiver.budget.used == 0


def test_a_frame_waits_no_longer_for_one_of_which_nothing_came() -> None:
    receiver = Receiver()
    receiver.push(*datagrams(0, image(0)), *datagrams(3, image(3)))
    assert receiver.sequences == [0]
    receiver.wait(1)
    assert receiver.sequences == [0, 3]
    assert receiver.lost() == {"missing": 2}
    receiver.push(*datagrams(2, image(2)))
    assert receiver.datagrams() == {"late": 5}


def test_time_passes_with_the_datagrams_too() -> None:
    """A source that is never idle needs no timer to give up what is lost."""
    receiver = Receiver()
    receiver.push(*datagrams(0, image(0))[:-1])
    receiver.now += 1
    receiver.push(*datagrams(0, image(0), stream_id=2))
    assert receiver.lost() == {"incomplete": 1}


def test_the_window_moves_on_before_the_time_is_over() -> None:
    """At 1,000 frames a second one second of waiting would be 1,000 frames."""
    receiver = Receiver(window=4)
    receiver.push(*datagrams(0, image(0))[1:])
    for sequence in (1, 2, 3):
        receiver.push(*datagrams(sequence, image(sequence)))
    assert receiver.sequences == []
    receiver.push(*datagrams(4, image(4)))
    assert receiver.sequences == [1, 2, 3, 4]
    assert receiver.lost() == {"incomplete": 1}


def test_a_gap_larger_than_the_window_is_counted() -> None:
    receiver = Receiver(window=4)
    receiver.push(*datagrams(0, image(0)), *datagrams(100, image(100)))
    receiver.wait(1)
    assert receiver.sequences == [0, 100]
    assert receiver.lost() == {"missing": 99}


def test_a_fragment_of_a_frame_that_is_out_is_a_duplicate() -> None:
    receiver = Receiver()
    sent = datagrams(0, image(0))
    receiver.push(*sent, *sent)
    assert receiver.sequences == [0]
    assert receiver.datagrams() == {"duplicate": len(sent)}


def test_fragments_that_disagree_with_their_frame_are_refused() -> None:
    """The first one counts: a forged one with other sizes must not move the bytes of the others."""
    receiver = Receiver()
    sent = datagrams(0, image(0))
    receiver.push(sent[0])
    receiver.push(*datagrams(0, bytes(800))[1:3], *datagrams(0, image(0), size=100)[1:3])
    receiver.push(*datagrams(0, image(0)[1:], name="n")[1:2], *sent[1:])
    assert receiver.frames == [Frame(None, image(0))]
    assert receiver.datagrams() == {"mismatch": 5}


def test_a_sender_that_starts_again_is_heard_after_a_silence() -> None:
    receiver = Receiver()
    receiver.push(*datagrams(500, image(500)))
    receiver.push(*datagrams(0, image(0)))
    assert receiver.datagrams() == {"late": 5}
    receiver.wait(1.01)
    receiver.push(*datagrams(0, image(0)), *datagrams(1, image(1)))
    assert receiver.sequences == [500, 0, 1]
    assert receiver.lost() == {}


def test_a_late_fragment_is_no_new_beginning() -> None:
    """A lone frame was given up, and what the network had delayed came just after: it is late, not a restart."""
    receiver = Receiver()
    sent = datagrams(5, image(5))
    receiver.push(*sent[1:])
    receiver.wait(1.5)
    receiver.push(sent[0])
    assert receiver.datagrams() == {"late": 1}
    receiver.wait(4)
    receiver.push(*sent)
    assert receiver.sequences == [5]


def test_a_sequence_far_ahead_is_another_start_and_no_loss_of_millions() -> None:
    receiver = Receiver()
    receiver.push(*datagrams(0, image(0)), *datagrams(2, image(2)), *datagrams(1, image(1))[1:])
    receiver.push(*datagrams(3 + MAX_GAP_FRAMES, image(9)))
    assert receiver.sequences == [0, 2, 3 + MAX_GAP_FRAMES]
    assert receiver.lost() == {"incomplete": 1}


def test_sequence_numbers_wrap() -> None:
    receiver = Receiver()
    for sequence in range(2**32 - 3, 2**32 + 3):
        receiver.push(*datagrams(sequence, image(sequence % 2**32)))
    assert receiver.sequences == [2**32 - 3, 2**32 - 2, 2**32 - 1, 0, 1, 2]


def test_an_unreadable_name_costs_its_frame_only() -> None:
    receiver = Receiver()
    receiver.push(forged(b"\xff\xfeimage", 0, 1, 7, name_bytes=2), *datagrams(1, image(1), name="ok"))
    assert receiver.sequences == [1]
    assert receiver.lost() == {"bad-name": 1}


def test_close_lets_go_what_is_whole() -> None:
    receiver = Receiver()
    receiver.push(*datagrams(0, image(0)), *datagrams(2, image(2)), *datagrams(3, image(3))[1:])
    receiver.close()
    assert receiver.sequences == [0, 2]
    assert receiver.lost() == {"incomplete": 1}
    assert receiver.budget.used == 0


hostile = st.tuples(
    st.integers(0, 3),  # stream
    st.one_of(st.integers(0, 40), st.integers(2**32 - 5, 2**32 - 1)),  # sequence
    st.integers(0, 5),  # index
    st.integers(0, 6),  # fragments
    st.integers(0, 60),  # frame bytes
    st.integers(0, 12),  # name bytes
    st.binary(min_size=1, max_size=20),
    st.sampled_from([0.0, 0.0, 0.0, 0.3, 2.0]),  # time that goes by before it
)


@given(received=st.lists(hostile, max_size=60))
def test_whatever_comes_stays_within_the_limits_and_is_counted(
    received: list[tuple[int, int, int, int, int, int, bytes, float]],
) -> None:
    receiver = Receiver(held_bytes=12 * KIB, streams=3)
    for stream_id, sequence, index, fragments, frame_bytes, name_bytes, payload, seconds in received:
        fields = {"stream_id": stream_id, "sequence": sequence, "name_bytes": name_bytes}
        receiver.wait(seconds)
        receiver.push(forged(payload, index, fragments, frame_bytes, **fields))
        assert receiver.reassembler.held_bytes <= 12 * KIB
    assert sum(receiver.reassembler.datagrams.values()) == len(received)
    receiver.close()
    assert receiver.budget.used == 0
    assert receiver.reassembler.next_deadline is None


def test_forged_fragment_counts_hold_what_was_sent_and_no_more() -> None:
    """One datagram that announces 64 KiB in 65,535 fragments makes us hold one fragment."""
    receiver = Receiver()
    receiver.push(forged(b"x", 0, 64 * KIB - 1, 64 * KIB - 1))
    assert receiver.reassembler.held_bytes == 1 + FRAGMENT_OVERHEAD_BYTES + FRAME_OVERHEAD_BYTES


@pytest.mark.parametrize("loss", [0.0, 0.02, 0.2])
def test_a_bad_network_costs_frames_and_never_their_order_or_content(loss: float) -> None:
    chance = random.Random(7)
    receiver = Receiver(window=16)
    queue: list[tuple[float, bytes]] = []
    for sequence in range(300):
        for number, datagram in enumerate(datagrams(sequence, image(sequence))):
            at = sequence * 0.01 + number * 0.001
            copies = 0 if chance.random() < loss else 2 if chance.random() < 0.02 else 1
            queue += [(at + chance.expovariate(200), datagram) for _ in range(copies)]
    start = receiver.now
    for at, datagram in sorted(queue):
        receiver.now = max(receiver.now, start + at)
        receiver.push(datagram)
    receiver.close()
    assert all(before < after for before, after in pairwise(receiver.sequences))
    assert all(frame.image == image(frame.sequence) for frame in receiver.whole)
    assert len(receiver.whole) + sum(receiver.lost().values()) == 300
    assert (receiver.lost() == {}) == (loss == 0.0)
