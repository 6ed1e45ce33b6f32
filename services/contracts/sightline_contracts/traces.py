"""W3C trace context: how one trace is followed from the sender through Kafka into the result."""

import re
from typing import Final

_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII
)


def is_traceparent(text: str) -> bool:
    """Whether `text` is a `traceparent` that may be passed on; W3C has any other ignored."""
    return _TRACEPARENT.fullmatch(text) is not None


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace's id, 32 hexadecimal digits; None when there is no trace, or the text is malformed."""
    match = None if traceparent is None else _TRACEPARENT.fullmatch(traceparent)
    return None if match is None else match[1]
