"""Settings of the topics job."""

from typing import Self

from pydantic import Field, PositiveInt, model_validator

from sightline_common.settings import ServiceSettings


class TopicsSettings(ServiceSettings):
    """How far the cluster replicates, and how long to wait for it."""

    topics_replication_factor: PositiveInt = Field(1, description="replicas of each partition; 3 in production")
    topics_min_insync_replicas: PositiveInt = Field(1, description="replicas that must have a record; 2 in production")
    topics_deadline_s: PositiveInt = Field(120, description="seconds to wait for Kafka before giving up")

    @model_validator(mode="after")
    def _replicas_suffice(self) -> Self:
        if self.topics_min_insync_replicas > self.topics_replication_factor:
            raise ValueError("SIGHTLINE_TOPICS_MIN_INSYNC_REPLICAS exceeds SIGHTLINE_TOPICS_REPLICATION_FACTOR")
        return self
