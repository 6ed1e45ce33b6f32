"""The source `udp` over real sockets: frames out, everything else counted."""

import asyncio
import logging
import time
from ipaddress import ip_network

import pytest

from sightline_bridge.datagram.codec import encode
from sightline_bridge.datagram.sender import DatagramOptions, send_datagrams
from sightline_bridge.errors import StartError
from sightline_bridge.framing import Frame
from sightline_bridge.pipeline import FRAME_OVERHEAD_BYTES
from sightline_bridge.sources import udp as udp_module
from sightline_bridge.sources.udp import BATCH
from sightline_contracts.ids import is_issued
from tests.unit.bridge.datagrams import KIB, forged
from tests.unit.bridge.doubles import eventually
from tests.unit.bridge.udp_source import PNG, numbered, options, receiving, wire


async def test_frames_become_records_of_their_stream() -> None:
    frames = numbered(20)
    async with receiving() as udp:
        for sent in wire(frames):
            udp.send(*sent)
        await eventually(lambda: len(udp.publisher.published) == 20)
        assert udp.publisher.frames == frames
        records = udp.publisher.published
        assert {(record.source, record.stream, record.model) for record in records} == {
            ("udp", "udp:127.0.0.1/7", "lenet")
        }
        assert {record.content_type for record in records} == {"image/png"}
        assert all(is_issued(record.id) for record in records)
        assert udp.frames("published") == 20
        sent_bytes = sum(len(datagram) for sent in wire(frames) for datagram in sent)
        assert udp.registry.get_sample_value("sightline_bridge_received_bytes_total", {"source": "udp-1"}) == sent_bytes
        assert udp.datagrams("taken") == sum(len(sent) for sent in wire(frames))


async def test_datagrams_that_the_kernel_put_together_are_taken_apart() -> None:
    """A sender that leaves the cutting to the kernel: over loopback nobody cuts before we read."""
    image = PNG + bytes(60_000)
    async with receiving() as udp:
        options_ = DatagramOptions(stream_id=7)
        await asyncio.to_thread(send_datagrams, ("127.0.0.1", udp.source.port), [("a.png", image)], options_)
        await eventually(lambda: udp.publisher.frames == [Frame("a.png", image)])
        assert udp.datagrams("taken") == len(list(encode(7, 0, "a.png", image)))


async def test_a_configured_stream_and_type_are_those_of_the_records() -> None:
    async with receiving(options(stream="gate-7")) as udp:
        udp.send(*encode(1, 0, None, b"raw pixels"))
        await eventually(lambda: len(udp.publisher.published) == 1)
        (record,) = udp.publisher.published
        assert (record.stream, record.content_type, record.name) == ("gate-7", "image/x-raw", None)


async def test_fragments_in_any_order_and_twice_are_the_same_frames() -> None:
    frames = numbered(3)
    sent = [datagram for one in wire(frames) for datagram in one]
    async with receiving() as udp:
        udp.send(sent[0], *reversed(sent))
        await eventually(lambda: len(udp.publisher.published) == 3)
        assert udp.publisher.frames == frames
        assert udp.datagrams("duplicate") == 1


async def test_a_lost_fragment_costs_its_frame_and_time_lets_the_next_one_go() -> None:
    """No further datagram comes: the source's own timer has to notice."""
    first, second = wire(numbered(2))
    late_s = 0.5
    async with receiving(options(late_s=late_s)) as udp:
        sent = time.monotonic()
        udp.send(*first[1:], *second)
        await eventually(lambda: udp.datagrams("taken") == len(first) - 1 + len(second))
        await eventually(lambda: len(udp.publisher.published) == 1)
        assert time.monotonic() - sent >= late_s
        assert udp.publisher.frames == numbered(2)[1:]
        assert udp.frames("incomplete") == 1
        udp.send(first[0])
        await eventually(lambda: udp.datagrams("late") == 1)


async def test_what_is_no_frame_is_counted_and_said_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    async with receiving() as udp:
        with caplog.at_level(logging.WARNING):
            for _ in range(50):
                udp.send(
                    b"hello",
                    wire(numbered(1))[0][0][:-1] + b"?",
                    forged(b"x", 3, 2, 9),
                    forged(b"x", 0, 1, 1, version=9),
                )
            await eventually(lambda: udp.datagrams("bad-version") == 50)
        assert [udp.datagrams(f"bad-{what}") for what in ("magic", "checksum", "fragment")] == [50, 50, 50]
        assert udp.datagrams("taken") == 0
        dropped = [record.message for record in caplog.records if record.message.startswith("dropped:")]
        assert len(dropped) in {1, 2}
        assert "datagrams bad-magic" in dropped[0]


async def test_what_was_dropped_after_the_last_line_is_said_too(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told only with the next datagram: the end of a burst, and all that came before a stop, never was."""

    def said() -> list[str]:
        return [line.message for line in caplog.records if line.message.startswith("dropped:")]

    monkeypatch.setattr(udp_module, "_LOG_INTERVAL_S", 0.3)
    async with receiving() as udp:
        udp.send(b"hello")
        await eventually(lambda: len(said()) == 1)
        udp.send(b"hello", b"hello")
        await eventually(lambda: len(said()) == 2)
        monkeypatch.setattr(udp_module, "_LOG_INTERVAL_S", 30)
        udp.send(b"hello")
        await eventually(lambda: len(said()) == 3)
        udp.send(b"hello")
        await eventually(lambda: udp.datagrams("bad-magic") == 5)
    assert [int(line.split()[1]) for line in said()[2:]] == [1, 1]
    assert sum(int(line.split()[1]) for line in said()) == 5


async def test_only_allowed_senders_are_heard() -> None:
    sent = wire(numbered(1))[0]
    async with receiving(options(allow=(ip_network("192.0.2.0/24"),))) as udp:
        udp.send(*sent)
        await eventually(lambda: udp.datagrams("not-allowed") == len(sent))
        assert udp.publisher.offered == []
    async with receiving(options(allow=(ip_network("192.0.2.0/24"), ip_network("127.0.0.0/8")))) as udp:
        udp.send(*sent)
        await eventually(lambda: len(udp.publisher.published) == 1)


async def test_while_kafka_stands_still_what_finds_no_room_is_dropped_and_counted() -> None:
    """Reliability row 25 for a sender that cannot be made to wait: bounded memory, and every loss has its reason."""
    frames = numbered(100, 5000)
    room_for = 20
    async with receiving(budget_bytes=room_for * (5000 + FRAME_OVERHEAD_BYTES + 12)) as udp:
        udp.publisher.acknowledging.clear()
        for sent in wire(frames):
            udp.send(*sent)
            await asyncio.sleep(0)
        await eventually(lambda: udp.frames("over-budget") + len(udp.publisher.offered) == 100)
        assert room_for / 2 < len(udp.publisher.offered) <= room_for
        assert udp.datagrams("over-budget") > 0
        assert udp.datagrams("kernel") == 0
        udp.publisher.acknowledging.set()
        await eventually(lambda: udp.frames("published") == len(udp.publisher.offered))
        after = numbered(1, 5000)
        udp.send(*wire(after, first=100)[0])
        await eventually(lambda: udp.publisher.frames[-1] == after[0])
        assert udp.frames("published") + udp.frames("over-budget") == 101
        assert udp.frames("missing") == udp.frames("incomplete") == 0


async def test_what_the_kernel_drops_is_counted() -> None:
    """Nothing reads meanwhile, as when the process is held up, and the buffer is small."""
    sent = [datagram for one in wire(numbered(400)) for datagram in one]
    async with receiving(options(buffer=16 * KIB)) as udp:
        udp.send(*sent)  # the loop has no turn until all are sent
        await eventually(lambda: udp.datagrams("kernel") + udp.datagrams("taken") == len(sent))
        assert udp.datagrams("kernel") > len(sent) / 2
        assert udp.datagrams("taken") > 0


async def test_a_small_kernel_buffer_is_said_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with receiving(options(buffer=2**30)):
            pass
    assert "net.core.rmem_max" in caplog.text


async def test_stop_takes_what_the_kernel_holds_and_flushes() -> None:
    frames = numbered(BATCH)  # several datagrams each: more than one turn of the loop reads
    async with receiving() as udp:
        for sent in wire(frames):
            udp.send(*sent)
        udp.send(wire(numbered(1), stream_id=8)[0][0])
        await udp.source.stop(5)
        assert udp.publisher.frames == frames
        assert udp.frames("incomplete") == 1


async def test_stop_gives_up_at_its_deadline_and_says_how_much() -> None:
    async with receiving() as udp:
        udp.publisher.acknowledging.clear()
        udp.send(*wire(numbered(1))[0])
        await eventually(lambda: udp.publisher.in_flight == 1)
        await udp.source.stop(0.01)
        assert udp.frames("abandoned") == 1


async def test_a_flood_leaves_turns_to_others() -> None:
    """A socket that always has more to read must not keep the loop to itself."""
    one = next(encode(1, 0, None, b"small"))
    async with receiving() as udp:
        udp.send(*[one] * (20 * BATCH))
        turns = 0
        while udp.datagrams("taken") + udp.datagrams("duplicate") < 20 * BATCH:
            await asyncio.sleep(0)
            turns += 1
            assert turns < 100_000
        assert turns >= 20


async def test_a_taken_port_is_named() -> None:
    async with receiving() as udp:
        port = udp.source.port
        with pytest.raises(StartError, match=rf"127\.0\.0\.1:{port} \(UDP\): Address already in use"):
            async with receiving(options(port=port)):
                pass


async def test_readiness_says_whether_it_listens() -> None:
    async with receiving() as udp:
        assert udp.source.readiness().ok
        await udp.source.stop(0)
        assert not udp.source.readiness().ok


@pytest.mark.parametrize("where", ["publisher", "reader"])
async def test_a_fault_of_ours_is_reported(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as udp:
        if where == "publisher":
            udp.publisher.failures.append(RuntimeError("a bug"))
        else:
            monkeypatch.setattr(udp.source, "_account", lambda: 1 / 0)
        udp.send(*wire(numbered(1))[0])
        await eventually(udp.source.failed.done)
        assert udp.source.failed.exception() is not None
        monkeypatch.undo()
