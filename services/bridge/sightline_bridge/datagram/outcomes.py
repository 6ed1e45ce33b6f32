"""What became of a datagram, and of a frame that did not come whole; the values are labels of metrics."""

from enum import StrEnum
from typing import NamedTuple


class DatagramResult(StrEnum):
    """What became of a datagram; the first five are DatagramFault's, the last two are not the reassembly's."""

    BAD_MAGIC = "bad-magic"
    BAD_VERSION = "bad-version"
    BAD_CHECKSUM = "bad-checksum"
    BAD_FRAGMENT = "bad-fragment"
    TOO_LARGE = "too-large"
    TAKEN = "taken"
    MISMATCH = "mismatch"  # another fragment of its frame says otherwise
    DUPLICATE = "duplicate"
    LATE = "late"  # its frame was given up
    OVER_BUDGET = "over-budget"
    TOO_MANY_STREAMS = "too-many-streams"
    NOT_ALLOWED = "not-allowed"
    KERNEL = "kernel"  # dropped before we saw it: its buffer was full


class FrameLoss(StrEnum):
    """Why a frame did not come out."""

    INCOMPLETE = "incomplete"  # some of its fragments came
    MISSING = "missing"  # none came, and a later frame of its stream did
    OVER_BUDGET = "over-budget"
    BAD_NAME = "bad-name"


Sender = tuple[str, int]  # address and port


class Whole(NamedTuple):
    """A frame whose fragments all came; `claim_bytes(len(image))` (see the pipeline) is taken from the budget."""

    sender: Sender
    stream_id: int
    sequence: int
    name: str | None
    image: bytes
