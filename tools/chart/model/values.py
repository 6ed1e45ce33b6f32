"""The root of the values."""

from typing import Any

from pydantic import Field

from tools.chart.model.base import Labels, Name, PullPolicy, Section, ServiceAccount, ShortName, Tag, Toleration
from tools.chart.model.config import config_schema
from tools.chart.model.edges import HttpRoute, Ingress, Monitoring, NetworkPolicy, PriorityClass, Test
from tools.chart.model.kafka import Kafka
from tools.chart.model.spark import Models, Spark
from tools.chart.model.workloads import Bridge, Classifier, Gateway, Topics


class Images(Section):
    """What holds for all images."""

    registry: str = Field("", description="Registry before every repository, `registry.example.com/team`.")
    tag: Tag = Field("", description="Tag of Sightline's images; empty: the chart's appVersion.")
    pull_policy: PullPolicy = Field("IfNotPresent", description="When images are pulled.")
    pull_secrets: list[Name] = Field(default_factory=list, description="Names of Secrets for the registry.")


class Pods(Section):
    """What holds for every pod."""

    node_selector: Labels = Field(
        default_factory=lambda: {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
        description="Nodes that pods may run on. BigDL and oneDNN come for x86-64 only.",
    )
    tolerations: list[Toleration] = Field(default_factory=list, description="Taints that pods put up with.")
    affinity: dict[str, Any] = Field(default_factory=dict, description="Affinity of every pod.")
    priority_class_name: Name = Field("", description="A PriorityClass that exists.")
    annotations: Labels = Field(default_factory=dict, description="Annotations of every pod.")
    labels: Labels = Field(default_factory=dict, description="Labels of every pod.")


class Values(Section):
    """Everything that `helm install` can be told."""

    name_override: ShortName = Field("", description="Name of the chart in labels; empty: sightline.")
    fullname_override: ShortName = Field("", description="Start of every name; empty: it follows from the release.")
    global_: dict[str, Any] = Field(
        default_factory=dict, alias="global", description="Values of a parent chart; nothing here reads them."
    )
    image: Images = Field(Images(), description="What holds for all images.")
    pods: Pods = Field(Pods(), description="What holds for every pod.")
    service_account: ServiceAccount = Field(
        ServiceAccount(), description="Account of the pods; none of them gets its token."
    )
    priority_class: PriorityClass = Field(PriorityClass(), description="A priority of the pods over others.")
    config: dict[str, str | int | float] = Field(
        default_factory=dict,
        description="Settings of the processes by the names of their variables, for example"
        " `SIGHTLINE_MAX_IMAGE_BYTES: 20971520`. Names and values are checked.",
        json_schema_extra=lambda schema: schema.update(config_schema()),
    )
    kafka: Kafka = Field(Kafka(), description="Where Kafka is, or which one is run.")
    topics: Topics = Field(Topics(), description="The job that makes the topics match their contracts.")
    models: Models = Field(Models(), description="Where the models come from. A model file is code.")
    spark: Spark = Field(Spark(), description="Where images are classified.")
    classifier: Classifier = Field(Classifier(), description="The streaming query, Kafka to Kafka.")
    gateway: Gateway = Field(Gateway(), description="HTTP in, results out.")
    bridge: Bridge = Field(Bridge(), description="Framed TCP streams in.")
    ingress: Ingress = Field(Ingress(), description="The gateway through an Ingress controller.")
    http_route: HttpRoute = Field(HttpRoute(), description="The gateway through a Gateway of the Gateway API.")
    network_policy: NetworkPolicy = Field(NetworkPolicy(), description="Who may talk to whom.")
    monitoring: Monitoring = Field(Monitoring(), description="Metrics, alerts and dashboards.")
    test: Test = Field(Test(), description="What `helm test` does.")
