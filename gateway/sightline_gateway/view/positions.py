"""Where a reader is in the results topic: the last offset seen per partition, as text for SSE event ids.

`0:17,1:4@5f3a9c1e` means offset 17 of partition 0 and 4 of partition 1 of the topic whose id begins with 5f3a9c1e. The
same text means the same place on every replica; the part after `@` tells a re-created topic from the one before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TEXT = re.compile(r"(?P<pairs>(?:\d{1,9}:\d{1,18})(?:,\d{1,9}:\d{1,18})*)?(?:@(?P<topic>[0-9a-f]{1,32}))?")


@dataclass(frozen=True, slots=True)
class Positions:
    """The last offset seen by partition; partitions that are missing were not read yet. `topic` may be unknown."""

    offsets: Mapping[int, int]
    topic: str | None = None

    def __str__(self) -> str:
        pairs = ",".join(f"{partition}:{offset}" for partition, offset in sorted(self.offsets.items()))
        return f"{pairs}@{self.topic}" if self.topic else pairs


def parse_positions(text: str) -> Positions | None:
    """The positions in an event id, or None when it is not one of ours."""
    match = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
    if not match or not text:
        return None
    pairs = (pair.split(":") for pair in (match["pairs"] or "").split(",") if pair)
    return Positions({int(partition): int(offset) for partition, offset in pairs}, match["topic"])


_LONGEST = 4096  # some 200 partitions; a longer header is not one of our ids
