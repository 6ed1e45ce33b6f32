"""What every section of the values is made of."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

_NAME = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"

# A Kubernetes name, or empty where the chart chooses one.
Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=253)]
ShortName = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$", max_length=40)]
SecretKey = Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]*$", max_length=253)]
Quantity = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")]
Tag = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_][-.A-Za-z0-9_]{0,127})?$")]
Digest = Annotated[str, StringConstraints(pattern=r"^(sha256:[0-9a-f]{64})?$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Labels = dict[str, str]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]
AccessMode = Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"]
ServiceType = Literal["ClusterIP", "NodePort", "LoadBalancer"]

_ONE_NODE: Final[tuple[AccessMode, ...]] = ("ReadWriteOnce",)


class Section(BaseModel):
    """A mapping of the values: keys in camelCase, and no key that is not declared."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Image(Section):
    """Where a container's image comes from."""

    repository: str = Field("", min_length=1, description="Name of the image, without registry and tag.")
    tag: Tag = Field("", description="Tag; empty: `image.tag`.")
    digest: Digest = Field("", description="Digest (`sha256:...`); it wins over the tag.")


class OwnImage(Image):
    """An image that nothing here has a name for."""

    repository: str = Field(min_length=1, description="Name of the image, without registry and tag.")


class Amounts(Section):
    """Amounts of what a node has."""

    cpu: Quantity | int | float | None = Field(None, description="Cores, `500m` is half of one.")
    memory: Quantity | int | None = Field(None, description="Bytes, `2Gi`.")
    ephemeral_storage: Quantity | int | None = Field(None, alias="ephemeral-storage", description="Bytes of disk.")


class Resources(Section):
    """What a container asks for and may use at most."""

    requests: Amounts = Field(Amounts(), description="What the scheduler reserves.")
    limits: Amounts = Field(Amounts(), description="What the container may use at most.")


class Variable(Section):
    """An environment variable of a container, as Kubernetes writes it."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    value: str | None = None
    value_from: dict[str, Any] | None = None


class Toleration(Section):
    """A taint that pods put up with."""

    key: str | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: int | None = None


class Scheduling(Section):
    """Where pods of one kind run, beyond what `pods` says for all of them."""

    resources: Resources = Field(Resources(), description="Requests and limits of the container.")
    extra_env: list[Variable] = Field(
        default_factory=list, description="More environment variables, as Kubernetes writes them."
    )
    pod_annotations: Labels = Field(default_factory=dict, description="More annotations of the pods.")
    pod_labels: Labels = Field(default_factory=dict, description="More labels of the pods.")
    node_selector: Labels = Field(default_factory=dict, description="Merged over `pods.nodeSelector`.")
    tolerations: list[Toleration] = Field(default_factory=list, description="Instead of `pods.tolerations`.")
    affinity: dict[str, Any] = Field(default_factory=dict, description="Instead of `pods.affinity`.")
    priority_class_name: Name = Field("", description="Instead of `pods.priorityClassName`.")


class Stopping(Section):
    """How pods that are reached through a Service go."""

    # Every node has to learn that the pod is gone; on a busy cluster 5 seconds were too few.
    drain_seconds: int = Field(
        15, ge=0, description="Time between a pod's leaving its Service and its stop: new connections go elsewhere."
    )
    stop_seconds: int = Field(
        60, ge=30, description="Time a pod gets to go at all, `drainSeconds` included; then it is killed."
    )


class DisruptionBudget(Section):
    """How many pods a drain may take away at a time."""

    enabled: bool = Field(True, description="Create a PodDisruptionBudget.")
    max_unavailable: int | Annotated[str, StringConstraints(pattern=r"^[0-9]+%$")] = Field(
        1, description="Most pods that may be away at a time, a number or `50%`."
    )


class Volume(Section):
    """A persistent volume of one pod."""

    enabled: bool = Field(True, description="Keep the data on a persistent volume; off: gone with the pod.")
    existing_claim: Name = Field("", description="A claim that exists; empty: one is made.")
    size: Quantity = Field("8Gi", description="Size of the claim that is made.")
    storage_class: str = Field("", description="Storage class; empty: the cluster's default, `-`: none.")
    access_modes: list[AccessMode] = Field(
        default_factory=lambda: list(_ONE_NODE), min_length=1, description="Access modes of the claim."
    )


class ServiceAccount(Section):
    """The account that pods run under."""

    create: bool = Field(True, description="Create it.")
    name: Name = Field("", description="Its name; empty: one that follows from the release.")
    annotations: Labels = Field(default_factory=dict, description="Its annotations, for a cloud's workload identity.")
