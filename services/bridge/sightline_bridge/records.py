"""The record of a frame."""

import time
from dataclasses import dataclass
from typing import Final, final

from sightline_bridge.framing import Frame
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord
from sightline_contracts.media import sniff

SNIFF_BYTES: Final = 16  # more than the longest signature


@final
@dataclass(frozen=True, slots=True)
class RecordOptions:
    """What the records of one source say: `content_type` where the payload's signature says nothing."""

    source: str
    content_type: str
    model: str | None

    def record(self, frame: Frame, stream: str) -> ImageRecord:
        """The record of `frame`, accepted now, with an id of its own."""
        return ImageRecord(
            id=new_image_id(),
            payload=frame.payload,
            content_type=sniff(frame.payload[:SNIFF_BYTES]) or self.content_type,
            source=self.source,
            accepted_at=time.time_ns() // 1_000_000,
            stream=stream,
            name=frame.name,
            model=self.model,
        )
