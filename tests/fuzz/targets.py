"""What is fuzzed: each target takes any bytes and raises when what reads them breaks a promise."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from sightline_bridge.framing import FRAMINGS
from tests.unit.bridge.datagrams import CAMERA, Receiver, sealed
from tests.unit.bridge.wire import BYTE_STREAMS, ByteStream, cut, framed

Target = Callable[[bytes], None]

_MOST_CUTS: Final = 8
_CUT_BYTES: Final = 2
_IMAGE_BYTES: Final = 400
_HELD_BYTES: Final = 16 * 1024
_SENDER, _TIME, _SEAL = 1, 2, 4
# With a limit that the fuzzer's short inputs can pass, it also sees what lies behind it.
_SMALL: Final = [framed(FRAMINGS[name], name=f"{name}-small", limit=100) for name in ("length", "jpeg", "lines")]


def reads_alike(stream: ByteStream, data: bytes) -> None:
    """However a stream is cut it reads the same, and what was read can be written and is then read again.

    The first byte of `data` tells how many cuts there are, two bytes more each of them where; the rest is the stream.
    """
    wire_at = 1 + _CUT_BYTES * (data[0] % (_MOST_CUTS + 1)) if data else 0
    places = [int.from_bytes(data[at : at + _CUT_BYTES]) for at in range(1, wire_at, _CUT_BYTES)]
    wire = data[wire_at:]
    whole = stream.parse([wire])
    pieces = stream.parse(cut(wire, places))
    if pieces != whole:
        raise AssertionError(f"{wire!r} reads as {whole}, and cut at {places} as {pieces}")
    for item in whole.items:
        again = stream.parse([stream.encode(item)])
        if again != ([item], None):
            raise AssertionError(f"{item!r} was read from {wire!r}; written and read again it is {again}")


def datagrams_hold(data: bytes) -> None:
    """Whatever datagrams come: what is held is what is claimed, stays within its bounds, and is nothing in the end.

    Before each datagram a byte tells its length and another what to do: its sender, whether time goes by, whether its
    checksum is made right.
    """
    receiver = Receiver(image_bytes=_IMAGE_BYTES, held_bytes=_HELD_BYTES, budget_bytes=2 * _HELD_BYTES)
    while len(data) > 1:
        length, how, data = data[0], data[1], data[2:]
        datagram, data = data[:length], data[length:]
        if how & _TIME:
            receiver.wait(0.3)
        sender = (CAMERA[0], CAMERA[1] + (how & _SENDER))
        receiver.push(sealed(datagram) if how & _SEAL else datagram, sender=sender)
        if receiver.reassembler.held_bytes > _HELD_BYTES:
            raise AssertionError(f"{receiver.reassembler.held_bytes} bytes are held")
    receiver.close()
    if receiver.budget.used or any(not 0 < len(frame.image) <= _IMAGE_BYTES for frame in receiver.whole):
        raise AssertionError(f"{receiver.budget.used} bytes are claimed for nothing, or a frame has no allowed size")


def cut_nowhere(wire: bytes) -> bytes:
    """The input of `reads_alike` for the stream `wire`."""
    return b"\0" + wire


TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        **{stream.name: partial(reads_alike, stream) for stream in [*BYTE_STREAMS, *_SMALL]},
        "datagrams": datagrams_hold,
    }
)
