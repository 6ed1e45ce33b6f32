"""The sections around the processes: entrances, network policy, monitoring, the test."""

from typing import Any, Literal

from pydantic import Field

from tools.chart.model.base import Labels, Name, Port, Resources, Section


class IngressTls(Section):
    """HTTPS at the Ingress."""

    enabled: bool = Field(False, description="Serve HTTPS.")
    secret_name: Name = Field("", description="Secret with the certificate; an issuer may make it.")


class Ingress(Section):
    """The gateway through an Ingress controller."""

    enabled: bool = Field(False, description="Create an Ingress.")
    class_name: Name = Field("", description="Ingress class; empty: the cluster's default.")
    annotations: Labels = Field(
        default_factory=dict,
        description="Annotations: let bodies be as large as `SIGHTLINE_GATEWAY_MAX_UPLOAD_BYTES`, streams stay open.",
    )
    hosts: list[str] = Field(default_factory=list, description="Host names.")
    path: str = Field("/", pattern="^/", description="Path; the console needs `/`.")
    tls: IngressTls = Field(IngressTls(), description="HTTPS.")


class HttpRoute(Section):
    """The gateway through a Gateway of the Gateway API."""

    enabled: bool = Field(False, description="Create an HTTPRoute.")
    annotations: Labels = Field(default_factory=dict, description="Annotations of the route.")
    parent_refs: list[dict[str, Any]] = Field(default_factory=list, description="The Gateways that it hangs on.")
    hostnames: list[str] = Field(default_factory=list, description="Host names.")
    request_timeout: str = Field(
        "", pattern=r"^([0-9]+(h|m|s|ms))?$", description="Timeout of a request; empty: the Gateway's own."
    )


class NetworkPolicy(Section):
    """Who may talk to whom: nothing but what is listed here and the edges between the processes."""

    enabled: bool = Field(True, description="Deny everything, then allow each edge that is needed.")
    http_from: list[dict[str, Any]] = Field(
        default_factory=list, description="Who may reach the gateway (NetworkPolicyPeers); empty: everybody."
    )
    tcp_from: list[dict[str, Any]] = Field(
        default_factory=list, description="Who may reach the bridge; empty: everybody."
    )
    monitoring_from: list[dict[str, Any]] = Field(
        default_factory=lambda: [{"namespaceSelector": {}}], description="Who may read metrics; any pod by default."
    )
    kafka_to: list[dict[str, Any]] = Field(
        default_factory=list, description="Where an external Kafka is; empty: anywhere, on its ports."
    )
    kafka_ports: list[Port] = Field(
        default_factory=list, description="Ports of an external Kafka's brokers; empty: those of the bootstrap servers."
    )
    api_server_ports: list[Port] = Field(
        default_factory=lambda: [443, 6443], description="Ports of the Kubernetes API, for `spark.mode: kubernetes`."
    )
    extra_egress: list[dict[str, Any]] = Field(
        default_factory=list, description="More egress rules for every pod, for models that an init container fetches."
    )


class Switch(Section):
    """Something that is made or not, with labels by which others find it."""

    enabled: bool = Field(False, description="Create it.")
    labels: Labels = Field(default_factory=dict, description="Labels by which Prometheus or Grafana find it.")


class ServiceMonitor(Switch):
    """What the Prometheus operator scrapes."""

    interval: str = Field("15s", pattern=r"^[0-9]+(ms|s|m)$", description="Time between two scrapes.")


class Dashboards(Section):
    """Dashboards for Grafana's sidecar."""

    enabled: bool = Field(False, description="Create a ConfigMap for each dashboard.")
    labels: Labels = Field(
        default_factory=lambda: {"grafana_dashboard": "1"}, description="Labels by which Grafana finds them."
    )
    annotations: Labels = Field(default_factory=dict, description="Annotations, for a folder's name for example.")


class Monitoring(Section):
    """Metrics, alerts and dashboards, for the Prometheus operator and Grafana."""

    service_monitor: ServiceMonitor = Field(ServiceMonitor(), description="ServiceMonitors.")
    rules: Switch = Field(Switch(), description="A PrometheusRule with the alerts of docs/operations.md.")
    dashboards: Dashboards = Field(Dashboards(), description="Dashboards.")


class PriorityClass(Section):
    """A priority of the pods over others."""

    create: bool = Field(False, description="Create a PriorityClass and give it to every pod without another.")
    value: int = Field(1000, le=1_000_000_000, description="Its value.")
    preemption_policy: Literal["PreemptLowerPriority", "Never"] = Field(
        "PreemptLowerPriority", description="Whether pods may push others out."
    )


class Test(Section):
    """What `helm test` does: it uploads an image and waits for its label."""

    model: str = Field("", description="Model to ask for; empty: the default one.")
    label: str = Field("", description="Label that has to come out for a drawn zero; empty: any.")
    timeout_seconds: int = Field(120, ge=10, description="Time in which the label has to come.")
    resources: Resources = Field(
        Resources(requests={"cpu": "50m", "memory": "64Mi"}, limits={"memory": "128Mi"}),
        description="Requests and limits of the container.",
    )
