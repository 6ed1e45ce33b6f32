"""How a source's framing is told: by its name alone, or as a table with its options."""

from typing import Annotated, Final, Literal, final

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt

from sightline_bridge.framing.fixed28 import FIXED28
from sightline_bridge.framing.frames import Framing
from sightline_bridge.framing.jpeg import JPEG
from sightline_bridge.framing.length import LengthLayout, length_framing
from sightline_bridge.framing.lines import lines_framing
from sightline_bridge.framing.named import NAMED
from sightline_bridge.strict import Strict
from sightline_contracts.topics import OURS

# Vendors' headers are some dozens of bytes; each source's parser may hold so much of one.
MAX_OFFSET_BYTES: Final = 1024
# Kafka's own rule, and no dot or hyphen at the beginning, where tools read a path or an option.
TOPIC_PATTERN: Final = r"^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,248}$"


def _not_ours(topic: str) -> str:
    if topic in OURS:
        raise ValueError(f"{topic} holds records of another kind: lines need a topic of their own")
    return topic


TextTopic = Annotated[str, Field(pattern=TOPIC_PATTERN), AfterValidator(_not_ours)]


@final
class Fixed28Options(Strict):
    """A name in 28 bytes, the length, the payload."""

    type: Literal["fixed28"] = "fixed28"

    def framing(self) -> Framing:
        """What reads it."""
        return FIXED28


@final
class NamedOptions(Strict):
    """The name with its length, the length, the payload."""

    type: Literal["named"] = "named"

    def framing(self) -> Framing:
        """What reads it."""
        return NAMED


@final
class LengthOptions(Strict):
    """A header with a length in it, the payload."""

    type: Literal["length"] = "length"
    width: int = Field(4, ge=1, le=8, description="bytes of the length, 1 to 8")
    endianness: Literal["big", "little"] = Field("big", description="which byte of the length comes first")
    offset: int = Field(
        0, ge=0, le=MAX_OFFSET_BYTES, description="bytes of the header before the length; not looked at"
    )
    includes_header: bool = Field(False, description="whether the length counts the header too")

    def framing(self) -> Framing:
        """What reads it."""
        return length_framing(LengthLayout(self.width, self.endianness, self.offset, self.includes_header))


@final
class JpegOptions(Strict):
    """JPEG files one after another, told apart by their own markers."""

    type: Literal["jpeg"] = "jpeg"

    def framing(self) -> Framing:
        """What reads it."""
        return JPEG


@final
class LinesOptions(Strict):
    """Text lines, each a record of a topic of yours."""

    type: Literal["lines"] = "lines"
    topic: TextTopic = Field(description="the topic that the lines are written to; it must exist")
    # Kafka takes records of 1 MB unless a topic says otherwise; a longer line is more often a lost line end than text.
    max_length: PositiveInt = Field(64 * 1024, description="bytes of the longest line without its end")

    def framing(self) -> Framing:
        """What reads it."""
        return lines_framing(self.max_length)


def _named(given: object) -> object:
    return {"type": given} if isinstance(given, str) else given


FramingName = Literal["fixed28", "named", "length", "jpeg", "lines"]
_AloneName = Literal["fixed28", "named", "length", "jpeg"]  # of framings that need no options
_Options = Annotated[
    Fixed28Options | NamedOptions | LengthOptions | JpegOptions | LinesOptions, Field(discriminator="type")
]
FramingConfig = Annotated[_Options, BeforeValidator(_named, json_schema_input_type=_AloneName | _Options)]


def topic_of(options: FramingConfig | Literal["datagram"]) -> str | None:
    """The topic that the frames are written to as text; None: they are images."""
    return options.topic if isinstance(options, LinesOptions) else None
