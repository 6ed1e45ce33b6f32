"""Frames over UDP (docs/wire-formats.md): the datagrams' codec and the reassembly of frames; both are sans-IO."""

from sightline_bridge.datagram.codec import (
    ETHERNET_DATAGRAM_BYTES,
    MAX_DATAGRAM_BYTES,
    MIN_DATAGRAM_BYTES,
    DatagramError,
    DatagramFault,
    Fragment,
    decode,
    encode,
)
from sightline_bridge.datagram.outcomes import DatagramResult, FrameLoss, Sender, Whole
from sightline_bridge.datagram.reassembly import Reassembler, ReassemblyLimits, Room

__all__ = [
    "ETHERNET_DATAGRAM_BYTES",
    "MAX_DATAGRAM_BYTES",
    "MIN_DATAGRAM_BYTES",
    "DatagramError",
    "DatagramFault",
    "DatagramResult",
    "Fragment",
    "FrameLoss",
    "Reassembler",
    "ReassemblyLimits",
    "Room",
    "Sender",
    "Whole",
    "decode",
    "encode",
]
