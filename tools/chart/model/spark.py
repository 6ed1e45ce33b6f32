"""The sections that say where Spark computes and which models it has."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tools.chart.model.base import Labels, Name, OwnImage, Resources, Section, ServiceAccount

Memory = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[mg]$")]


class SparkLocal(Section):
    """Driver and tasks in one JVM."""

    cores: int = Field(2, ge=1, le=256, description="Tasks at once; with the continuous trigger one a partition.")


class SparkKubernetes(Section):
    """Executors in pods of their own, started by the classifier through the Kubernetes API."""

    master: str = Field(
        "k8s://https://kubernetes.default.svc",
        pattern="^k8s://",
        description="The API server, as Spark writes it.",
    )
    executors: int = Field(2, ge=1, description="Executors. Their number is fixed: BigDL wants it so.")
    executor_cores: int = Field(1, ge=1, description="Tasks at once in each.")
    executor_memory: Memory = Field("2g", description="Heap of each.")
    executor_memory_overhead: Memory = Field(
        "1g", description="Memory of each beyond its heap: networks, decoders. A pod is limited to the sum."
    )
    service_account: ServiceAccount = Field(
        ServiceAccount(), description="Account of the driver: it may manage pods in this namespace, no other pod may."
    )
    pod_annotations: Labels = Field(default_factory=dict, description="Annotations of executor pods.")


class Spark(Section):
    """Where images are classified."""

    mode: Literal["local", "kubernetes"] = Field(
        "local", description="local: in the classifier's own pod. kubernetes: in executor pods."
    )
    local: SparkLocal = Field(SparkLocal(), description="For `local`.")
    kubernetes: SparkKubernetes = Field(SparkKubernetes(), description="For `kubernetes`.")


class ModelsInit(Section):
    """A container that copies models into an empty volume before the process starts."""

    image: OwnImage | None = Field(None, description="Its image; null: the classifier's.")
    command: list[str] = Field(default_factory=list, description="Its command; it has to fill `/opt/sightline/models`.")
    args: list[str] = Field(default_factory=list, description="Arguments of the command.")
    size: str = Field("2Gi", description="Most disk of the volume.")
    resources: Resources = Field(
        Resources(requests={"cpu": "100m", "memory": "256Mi"}, limits={"memory": "1Gi"}),
        description="Requests and limits of the container.",
    )


class Models(Section):
    """Where the model bundles come from. A model file is code: mount only what you trust."""

    source: Literal["image", "claim", "init"] = Field(
        "image", description="image: those built into the images. claim: an existing volume. init: a container's work."
    )
    existing_claim: Name = Field(
        "", description="For `claim`: a volume with NAME/VERSION/model.json, mounted read-only."
    )
    sub_path: str = Field("", description="For `claim`: the folder in it.")
    init: ModelsInit = Field(ModelsInit(), description="For `init`.")
