"""Settings of the topics job and of the access job."""

from pathlib import Path
from typing import Self

from pydantic import Field, PositiveInt, model_validator

from sightline_common.settings import ServiceSettings


class JobSettings(ServiceSettings):
    """How long a job waits for Kafka."""

    topics_deadline_s: PositiveInt = Field(120, description="seconds to wait for Kafka before giving up")


class TopicsSettings(JobSettings):
    """How far the cluster replicates."""

    topics_replication_factor: PositiveInt = Field(1, description="replicas of each partition; 3 in production")
    topics_min_insync_replicas: PositiveInt = Field(1, description="replicas that must have a record; 2 in production")

    @model_validator(mode="after")
    def _replicas_suffice(self) -> Self:
        if self.topics_min_insync_replicas > self.topics_replication_factor:
            raise ValueError("SIGHTLINE_TOPICS_MIN_INSYNC_REPLICAS exceeds SIGHTLINE_TOPICS_REPLICATION_FACTOR")
        return self


class AccessSettings(JobSettings):
    """Which users Kafka gets."""

    access_users_dir: Path = Field(
        Path("/run/sightline/users"), description="folder with a file for each Kafka user: its name, in it its password"
    )

    @model_validator(mode="after")
    def _keeps_passwords(self) -> Self:
        if not self.kafka_sasl_mechanism.startswith("SCRAM-"):
            raise ValueError(
                f"SIGHTLINE_KAFKA_SASL_MECHANISM={self.kafka_sasl_mechanism}: Kafka keeps passwords for SCRAM-SHA-512"
                " and 256 only"
            )
        return self
