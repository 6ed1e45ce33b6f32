"""What is held of fragments is bounded: bytes of frames, the process's budget, streams."""

from sightline_bridge.datagram.reassembly import FRAGMENT_OVERHEAD_BYTES
from sightline_bridge.pipeline import FRAME_OVERHEAD_BYTES
from tests.unit.bridge.datagrams import CAMERA, KIB, Receiver, datagrams, image


def test_held_bytes_have_a_limit_and_the_frame_above_it_makes_room() -> None:
    receiver = Receiver(held_bytes=20 * KIB)
    waiting = datagrams(0, bytes(4000))
    receiver.push(*waiting[:-1])
    held = receiver.reassembler.held_bytes
    assert held == 38 * (104 + FRAGMENT_OVERHEAD_BYTES) + FRAME_OVERHEAD_BYTES
    receiver.push(*datagrams(0, bytes(6000), stream_id=2))
    assert receiver.lost() == {"over-budget": 1}
    assert receiver.datagrams()["over-budget"] >= 1
    assert receiver.reassembler.held_bytes == held
    receiver.push(waiting[-1])
    assert receiver.sequences == [0]


def test_a_lost_frame_is_counted_once_and_its_stream_goes_on() -> None:
    receiver = Receiver(held_bytes=12 * KIB)
    receiver.push(*datagrams(0, bytes(9000)), *datagrams(1, image(1)))
    assert receiver.sequences == [1]
    assert receiver.lost() == {"over-budget": 1}
    assert set(receiver.datagrams()) == {"over-budget"}


def test_the_process_s_budget_counts_too() -> None:
    receiver = Receiver(budget_bytes=10 * KIB)
    assert receiver.budget.try_acquire(8 * KIB)
    receiver.reassembler.push(CAMERA, datagrams(0, image(0))[0], 100.0)
    assert receiver.reassembler.held_bytes == 0
    assert receiver.lost() == {"over-budget": 1}
    receiver.budget.release(8 * KIB)
    receiver.push(*datagrams(1, image(1)))
    assert receiver.sequences == [1]


def test_a_stream_too_many_waits_until_another_one_is_silent() -> None:
    receiver = Receiver(streams=2)
    for stream_id in (1, 2, 3):
        receiver.push(*datagrams(0, image(0), stream_id=stream_id))
    assert receiver.datagrams() == {"too-many-streams": 5}
    receiver.wait(1.01)
    receiver.push(*datagrams(1, image(1), stream_id=2), *datagrams(1, image(1), stream_id=3))
    assert [frame.stream_id for frame in receiver.whole] == [1, 2, 2, 3]


def test_a_stream_that_only_repeats_itself_makes_room_before_one_that_brings_something() -> None:
    """A new sender was refused as long as the stream heard least recently was live, whatever stood behind it."""
    receiver = Receiver(streams=2)
    receiver.push(*datagrams(0, image(0), stream_id=1), *datagrams(0, image(0), stream_id=2))
    receiver.wait(1.01)
    receiver.push(*datagrams(1, image(1), stream_id=2))
    receiver.push(*datagrams(0, image(0), stream_id=1))
    receiver.push(*datagrams(0, image(0), stream_id=3))
    assert [frame.stream_id for frame in receiver.whole] == [1, 2, 2, 3]
