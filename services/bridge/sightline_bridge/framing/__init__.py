"""Framings: how single frames are told apart in a stream of bytes (docs/wire-formats.md); the parsers are sans-IO."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sightline_bridge.framing.fixed28 import FIXED28
from sightline_bridge.framing.frames import (
    NEED_DATA,
    FedParser,
    Frame,
    FrameError,
    FrameErrorCode,
    FrameParser,
    Framing,
    NeedData,
)
from sightline_bridge.framing.jpeg import JPEG
from sightline_bridge.framing.length import LENGTH
from sightline_bridge.framing.lines import LINES
from sightline_bridge.framing.named import NAMED
from sightline_bridge.framing.names import NAME_BYTES, fit_name

IMAGE_FRAMINGS: Final[Mapping[str, Framing]] = MappingProxyType({f.name: f for f in (FIXED28, NAMED, LENGTH, JPEG)})
FRAMINGS: Final[Mapping[str, Framing]] = MappingProxyType({**IMAGE_FRAMINGS, LINES.name: LINES})

__all__ = [
    "FRAMINGS",
    "IMAGE_FRAMINGS",
    "NAME_BYTES",
    "NEED_DATA",
    "FedParser",
    "Frame",
    "FrameError",
    "FrameErrorCode",
    "FrameParser",
    "Framing",
    "NeedData",
    "fit_name",
]
