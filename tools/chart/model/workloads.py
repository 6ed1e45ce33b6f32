"""The sections of the processes: gateway, bridge, classifier, topics job."""

from typing import Any, Literal

from pydantic import Field

from sightline_bridge.config import AnySource
from tools.chart.model.base import (
    DisruptionBudget,
    Image,
    Labels,
    Name,
    Port,
    Quantity,
    Resources,
    Scheduling,
    Section,
    ServiceType,
    Stopping,
    Volume,
)


class Service(Section):
    """How a process is reached."""

    type: ServiceType = Field("ClusterIP", description="ClusterIP, NodePort or LoadBalancer.")
    port: Port = Field(80, description="Port of the Service.")
    node_port: Port | None = Field(None, description="Port on the nodes, for NodePort and LoadBalancer.")
    annotations: Labels = Field(default_factory=dict, description="Annotations, for a cloud's load balancer.")
    load_balancer_source_ranges: list[str] = Field(
        default_factory=list, description="Networks that a LoadBalancer lets in (CIDR); empty: all."
    )
    external_traffic_policy: Literal["", "Cluster", "Local"] = Field(
        "", description="Local keeps the sender's address; for NodePort and LoadBalancer."
    )


class Autoscaling(Section):
    """More pods under load."""

    enabled: bool = Field(False, description="Create a HorizontalPodAutoscaler; `replicas` is then ignored.")
    min_replicas: int = Field(2, ge=1, description="Fewest pods.")
    max_replicas: int = Field(6, ge=1, description="Most pods.")
    target_cpu_percent: int = Field(
        70, ge=1, le=100, description="CPU use, in percent of the request, above which pods are added."
    )


class Gateway(Scheduling, Stopping):
    """HTTP in, results out."""

    image: Image = Field(Image(repository="sightline/gateway"), description="Image of the gateway.")
    replicas: int = Field(2, ge=0, description="Pods. Any of them can answer for any image.")
    service: Service = Field(Service(), description="How clients and the Ingress reach it.")
    keys_secret: Name = Field(
        "",
        description="Secret whose key `keys` is the file of API keys, as `sightline-key` writes it; empty: no keys are"
        " asked for. Its keys `test` and `metrics` are the API keys of `helm test` and of the ServiceMonitor.",
    )
    open_access: bool = Field(
        False,
        description="Without `keysSecret`, let everyone in although an Ingress, an HTTPRoute or the Service's type"
        " leads to the gateway from outside of the cluster.",
    )
    state_size: Quantity = Field(
        "2Gi", description="Most disk of the results view, an emptyDir that the topic `results` refills."
    )
    autoscaling: Autoscaling = Field(Autoscaling(), description="More pods under load.")
    disruption_budget: DisruptionBudget = Field(DisruptionBudget(), description="Pods that a drain may take at a time.")
    topology_spread_constraints: list[dict[str, Any]] = Field(
        default_factory=list, description="How pods spread; empty: over nodes and zones as far as possible."
    )
    resources: Resources = Field(
        Resources(requests={"cpu": "250m", "memory": "384Mi"}, limits={"memory": "1Gi"}),
        description="The limit has to hold `SIGHTLINE_GATEWAY_IN_FLIGHT_BYTES` twice: docs/operations.md, Memory.",
    )


class BridgeTls(Section):
    """TLS towards senders: docs/security.md."""

    secret: Name = Field(
        "",
        description="Secret of type kubernetes.io/tls, in /etc/sightline/tls of the pods: the one port then speaks TLS"
        " only, `sources` name its files. Renewed certificates need no restart.",
    )
    client_certificates: bool = Field(
        False, description="Senders must show certificates that the authority in the Secret's `ca.crt` signed."
    )


class Bridge(Scheduling, Stopping):
    """Framed TCP streams in."""

    enabled: bool = Field(True, description="Run the bridge.")
    image: Image = Field(Image(repository="sightline/bridge"), description="Image of the bridge.")
    replicas: int = Field(1, ge=0, description="Pods. A connection stays with the pod that took it.")
    sources: list[AnySource] = Field(
        default_factory=list,
        description="Sources by the fields of docs/bridge.md, instead of the one TCP port that `config` describes. The"
        " Service then has a port for each that listens, named after it and with its number.",
    )
    service: Service = Field(Service(port=9500), description="How senders reach it; frames are not authenticated.")
    tls: BridgeTls = Field(BridgeTls(), description="TLS towards senders: docs/security.md.")
    disruption_budget: DisruptionBudget = Field(DisruptionBudget(), description="Pods that a drain may take at a time.")
    resources: Resources = Field(
        Resources(requests={"cpu": "100m", "memory": "160Mi"}, limits={"memory": "512Mi"}),
        description="The limit has to hold `SIGHTLINE_BRIDGE_BUFFER_BYTES` and more: docs/operations.md, Memory.",
    )


class Classifier(Scheduling):
    """The streaming query. There is always one: two would classify everything twice."""

    image: Image = Field(
        Image(repository="sightline/classifier"), description="Image of the classifier, driver and executors."
    )
    replicas: Literal[0, 1] = Field(1, description="1, or 0 to pause: images then wait in Kafka.")
    stop_seconds: int = Field(60, ge=30, description="Time it gets to end its batch at a stop.")
    start_seconds: int = Field(180, ge=30, description="Time in which it must have started; then it is restarted.")
    tmp_size: Quantity = Field("2Gi", description="Most disk of /tmp: native libraries and Spark's own files.")
    checkpoint: Volume = Field(
        Volume(size="1Gi"), description="Where the query's position in Kafka is kept. Losing it costs work, no image."
    )
    resources: Resources = Field(
        Resources(requests={"cpu": "1", "memory": "3Gi"}, limits={"memory": "4Gi"}),
        description="The limit has to hold `SIGHTLINE_CLASSIFIER_DRIVER_MEMORY` and 2 GiB: docs/operations.md, Memory.",
    )


class Topics(Scheduling):
    """The job that makes the topics match their contracts; with `kafka.mode: strimzi` the operator does it."""

    enabled: bool = Field(
        True, description="Run it at each install and upgrade; off: create the topics as files/topics.json says."
    )
    image: Image = Field(Image(repository="sightline/topics"), description="Image of the job.")
    replication_factor: int | None = Field(
        None, ge=1, description="Replicas of each partition; null: 3, with fewer brokers of the chart's own as many."
    )
    min_insync_replicas: int | None = Field(
        None, ge=1, description="Replicas that must have a record before it is acknowledged; null: a majority."
    )
    deadline_seconds: int = Field(120, ge=10, description="Time one attempt waits for Kafka.")
    keep_seconds: int | None = Field(
        None, ge=60, description="Time after which the finished job is deleted; null: with the release."
    )
    resources: Resources = Field(
        Resources(requests={"cpu": "50m", "memory": "96Mi"}, limits={"memory": "256Mi"}),
        description="Requests and limits of the container.",
    )
