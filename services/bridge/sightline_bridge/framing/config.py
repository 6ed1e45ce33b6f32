"""What a configuration says of a framing, and the framing that follows from it."""

from typing import Literal

from sightline_bridge.framing import FRAMINGS
from sightline_bridge.framing.frames import Framing

FramingName = Literal["fixed28", "named", "length"]
FramingConfig = FramingName


def framing_of(config: FramingConfig) -> Framing:
    """The framing that `config` describes."""
    return FRAMINGS[config]
