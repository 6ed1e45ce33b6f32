"""What a broker's answer about topics means."""

from collections.abc import Mapping
from typing import Any

from kafka.errors import UnknownTopicOrPartitionError, for_code

from sightline_contracts.topics import OURS


def is_absent(topic: Mapping[str, Any]) -> bool:
    """Whether the broker does not know the topic, which is as `describe_topics` gives it."""
    return bool(topic["error_code"] == UnknownTopicOrPartitionError.errno)


def trouble(*topics: Mapping[str, Any]) -> str | None:
    """Why topics, as `describe_topics` gives them, cannot be used; None when all can."""
    absent = sorted(topic["name"] for topic in topics if is_absent(topic))
    remedy = " (sightline-topics creates them)" if OURS.issuperset(absent) else ""
    told = [f"no topic {', '.join(absent)} yet{remedy}"] if absent else []
    told += [
        f"topic {topic['name']}: {for_code(topic['error_code']).__name__.removesuffix('Error')}"
        for topic in topics
        if topic["error_code"] != 0 and not is_absent(topic)
    ]
    return "; ".join(told) or None
