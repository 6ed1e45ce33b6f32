"""Settings of Spark, shared by the driver and the nodes of a standalone cluster."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from pydantic import Field, PositiveInt, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from sightline_common.secret_file import read_secret_file
from sightline_common.settings import FROM_ENVIRONMENT, PREFIX
from sightline_spark.errors import ClassifierError

_MEMORY: Final = re.compile(r"[1-9][0-9]*[mg]")
_MASTER_FORMS: Final = "local[N], spark://host:port or k8s://https://host:port"
# The key of every connection follows from it; who records one connection can try short secrets at leisure.
_SECRET_LENGTH: Final = 32


class MasterKind(StrEnum):
    """Who gives the classifier its processors."""

    LOCAL = "local"
    STANDALONE = "spark"
    KUBERNETES = "k8s"


_MASTERS: Final = {
    MasterKind.LOCAL: re.compile(r"local\[([1-9][0-9]*|\*)\]"),
    MasterKind.STANDALONE: re.compile(r"spark://[^\s,:/]+:[0-9]+(,[^\s,:/]+:[0-9]+)*"),
    MasterKind.KUBERNETES: re.compile(r"k8s://https?://[^\s/]+"),
}


class ClusterSettings(BaseSettings):
    """Where Spark runs; off a local master, its executors and how they and the driver reach each other."""

    model_config = FROM_ENVIRONMENT

    classifier_master: str | None = Field(
        None,
        description=f"Spark master: {_MASTER_FORMS}; local[N] runs N tasks at once (default local[2]; with the"
        " continuous trigger one task a partition, which never ends)",
    )
    classifier_executors: PositiveInt = Field(
        2, description="executors of spark:// and k8s://, a fixed number; executors x cores = partitions is the most"
    )
    classifier_executor_cores: PositiveInt = Field(1, description="tasks that an executor runs at once")
    classifier_executor_memory: str = Field("2g", description="heap of an executor's JVM, for example 2g or 1500m")
    classifier_executor_memory_overhead: str = Field(
        "1g", description="an executor's memory beyond its heap: networks, decoders (Kubernetes limits the sum)"
    )
    classifier_executor_java_options: str = Field("", description="options for the executors' JVMs")
    classifier_driver_host: str | None = Field(
        None, min_length=1, description="name by which executors reach the driver; required for spark:// and k8s://"
    )
    classifier_driver_port: PositiveInt = Field(7078, le=65535, description="port at which executors reach the driver")
    classifier_block_manager_port: PositiveInt = Field(
        7079, le=65535, description="port of the driver's block manager; on Kubernetes of the executors' too"
    )
    classifier_spark_secret: SecretStr | None = Field(
        None,
        min_length=_SECRET_LENGTH,
        description="what driver, executors, master and workers of spark:// share, at least 32 characters: turns"
        " authentication and encryption on (on Kubernetes they are on, with a secret that Spark makes)",
    )
    classifier_spark_secret_file: Path | None = Field(None, description="file that holds the secret, instead")
    classifier_kubernetes_namespace: str | None = Field(
        None, min_length=1, description="namespace of the executor pods; required for k8s://"
    )
    classifier_kubernetes_image: str | None = Field(
        None, min_length=1, description="image of the executor pods, the same as the driver's; required for k8s://"
    )
    classifier_kubernetes_service_account: str | None = Field(
        None, min_length=1, description="service account of the executor pods, which needs no rights"
    )
    classifier_kubernetes_pod_name: str | None = Field(
        None, min_length=1, description="the driver's own pod, which the executor pods belong to; required for k8s://"
    )
    classifier_kubernetes_pod_template: Path | None = Field(
        None, description="file of a pod that the executor pods are made after"
    )

    @field_validator("classifier_master")
    @classmethod
    def _is_master(cls, value: str | None) -> str | None:
        if value is not None and not any(form.fullmatch(value) for form in _MASTERS.values()):
            raise ValueError(f"must be {_MASTER_FORMS}")
        return value

    @field_validator("classifier_executor_memory", "classifier_executor_memory_overhead")
    @classmethod
    def _are_memory(cls, value: str) -> str:
        return checked_memory(value)

    @model_validator(mode="after")
    def _has_one_secret_where_it_is_used(self) -> Self:
        names = [name for name in ("classifier_spark_secret", "classifier_spark_secret_file") if getattr(self, name)]
        if len(names) > 1:
            raise ValueError(f"only one of {variables(names)} can be set")
        if names and self.master_kind is MasterKind.KUBERNETES:
            raise ValueError(f"{variables(names)} has no use on Kubernetes, where Spark makes the secret")
        return self

    @property
    def master_kind(self) -> MasterKind:
        """Who gives the classifier its processors."""
        if self.classifier_master is None:
            return MasterKind.LOCAL
        return next(kind for kind, form in _MASTERS.items() if form.fullmatch(self.classifier_master))

    @property
    def local_master(self) -> bool:
        """Whether Spark runs inside the driver's process."""
        return self.master_kind is MasterKind.LOCAL

    @property
    def executor_slots(self) -> int:
        """Tasks that all executors run at once."""
        return self.classifier_executors * self.classifier_executor_cores

    @property
    def worker_memory_mib(self) -> int:
        """Heaps of all executors together, in MiB."""
        return self.classifier_executors * (memory_bytes(self.classifier_executor_memory) >> 20)

    def read_secret(self) -> str | None:
        """The secret of driver, executors, master and workers; None where there is none.

        Raises:
            ClassifierError: its file cannot be read, or holds too short a secret.
        """
        file = self.classifier_spark_secret_file
        if file is None:
            return None if self.classifier_spark_secret is None else self.classifier_spark_secret.get_secret_value()
        try:
            secret = read_secret_file("SIGHTLINE_CLASSIFIER_SPARK_SECRET_FILE", file)
        except ValueError as error:
            raise ClassifierError(str(error)) from None
        if len(secret) < _SECRET_LENGTH:
            raise ClassifierError(
                f"SIGHTLINE_CLASSIFIER_SPARK_SECRET_FILE={file} must hold at least {_SECRET_LENGTH} characters"
            )
        return secret


def checked_memory(value: str) -> str:
    """The amount as it is.

    Raises:
        ValueError: it is no amount of memory as a JVM takes it.
    """
    if _MEMORY.fullmatch(value) is None:
        raise ValueError("must be a number with m or g, for example 2g")
    return value


def memory_bytes(checked: str) -> int:
    """The bytes of an amount that `checked_memory` has passed."""
    return int(checked[:-1]) * (1 << 30 if checked[-1] == "g" else 1 << 20)


def variables(names: list[str]) -> str:
    """The environment variables of settings, for a message."""
    return ", ".join(f"{PREFIX}{name.upper()}" for name in names)
