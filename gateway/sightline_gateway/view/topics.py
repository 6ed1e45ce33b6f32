"""What the broker says of the topics that the gateway uses."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import KafkaError

from sightline_common.kafka_topics import trouble
from sightline_common.management import Readiness
from sightline_contracts.topics import IMAGES, RESULTS
from sightline_gateway.settings import GatewaySettings

REQUEST_TIMEOUT_MS: Final = 3_000
_TAG_LENGTH: Final = 8  # hexadecimal digits of the topic id: two lives of a topic share them once in 4 billion


@dataclass(frozen=True, slots=True)
class ResultsTopic:
    """The results topic as it is now; `tag` tells it from a topic of the same name before it."""

    tag: str
    partitions: tuple[int, ...]


class TopicMissing(Exception):
    """The results topic does not exist, or may not be seen."""


class TopicWatch:
    """Asks the broker about the topics, on a connection of its own: a busy consumer does not delay it."""

    def __init__(self, settings: GatewaySettings) -> None:
        """Connect.

        Raises:
            KafkaError: no broker answers.
        """
        self._needed = settings.record_limit
        self._admin = KafkaAdminClient(
            **settings.client_options(),
            client_id="gateway-topics",
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            bootstrap_timeout_ms=REQUEST_TIMEOUT_MS,
            reconnect_backoff_max_ms=1_000,
        )

    def close(self) -> None:
        """Disconnect."""
        with suppress(KafkaError):  # it may be that the broker is gone, which is why we close
            self._admin.close()

    def look(self) -> tuple[Readiness, ResultsTopic | None]:
        """Whether the topics are as the gateway needs them, and the results topic if it can be seen.

        Raises:
            KafkaError: the broker does not answer.
        """
        found = {topic["name"]: topic for topic in self._admin.describe_topics([IMAGES, RESULTS])}
        lacking = trouble(*found.values())
        results = None if trouble(found[RESULTS]) else _results_topic(found[RESULTS])
        if lacking is not None:
            return Readiness(ok=False, reason=lacking), results
        limit = self._record_limit()
        if limit < self._needed:
            reason = f"topic {IMAGES!r} takes records of {limit} bytes, SIGHTLINE_MAX_IMAGE_BYTES needs {self._needed}"
            return Readiness(ok=False, reason=reason), results
        return Readiness(ok=True, reason=f"{IMAGES} and {RESULTS}, records up to {limit} bytes"), results

    def _record_limit(self) -> int:
        described = self._admin.describe_configs([ConfigResource("TOPIC", IMAGES)], config_filter="all")
        return int(described["topic"][IMAGES]["max.message.bytes"]["value"])


def _results_topic(found: dict[str, Any]) -> ResultsTopic:
    tag = str(found["topic_id"]).replace("-", "")[-_TAG_LENGTH:]
    return ResultsTopic(tag, tuple(sorted(partition["partition_index"] for partition in found["partitions"])))
