"""The record of a frame."""

import time
from dataclasses import dataclass
from typing import Final, Protocol, final

from sightline_bridge.framing import Frame
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord
from sightline_contracts.media import sniff
from sightline_contracts.texts import Record, TextRecord

SNIFF_BYTES: Final = 16  # more than the longest signature


class RecordMaker(Protocol):
    """Makes the records of one source."""

    def record(self, frame: Frame, stream: str) -> Record:
        """The record of `frame`, accepted now."""


@final
@dataclass(frozen=True, slots=True)
class RecordOptions:
    """What the images of one source say: `content_type` where the payload's signature says nothing."""

    source: str
    content_type: str
    model: str | None

    def record(
        self, frame: Frame, stream: str, image_id: str | None = None, content_type: str | None = None
    ) -> ImageRecord:
        """The record of `frame`, accepted now; without `image_id` it has an id of its own.

        `content_type` is what its sender says, which counts like ours: where the signature says nothing.
        """
        return ImageRecord(
            id=image_id or new_image_id(),
            payload=frame.payload,
            content_type=sniff(frame.payload[:SNIFF_BYTES]) or content_type or self.content_type,
            source=self.source,
            accepted_at=time.time_ns() // 1_000_000,
            stream=stream,
            name=frame.name,
            model=self.model,
        )


@final
@dataclass(frozen=True, slots=True)
class TextOptions:
    """What the lines of one source say."""

    source: str

    def record(self, frame: Frame, stream: str) -> TextRecord:
        """The record of the line in `frame`, accepted now."""
        return TextRecord(frame.payload, self.source, time.time_ns() // 1_000_000, stream)
