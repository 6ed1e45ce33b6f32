"""The section that says where Kafka is, or runs one."""

from typing import Any, Literal

from pydantic import Field

from tools.chart.model.base import Image, Name, Resources, Scheduling, SecretKey, Section, Volume


class SecretPerProcess(Section):
    """A user of its own for each process."""

    gateway: Name = Field("", description="Secret of the gateway.")
    bridge: Name = Field("", description="Secret of the bridge.")
    classifier: Name = Field("", description="Secret of the classifier and its executors.")
    topics: Name = Field("", description="Secret of the topics job.")


class External(Section):
    """A Kafka that exists."""

    bootstrap_servers: str = Field(
        "",
        pattern=r"^([^\s,:]+:[0-9]+(,[^\s,:]+:[0-9]+)*)?$",
        description="Brokers, `host:port,host:port`.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."
    )
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"] = Field(
        "SCRAM-SHA-512", description="SCRAM-SHA-512, SCRAM-SHA-256, PLAIN or OAUTHBEARER."
    )
    oauth_token_url: str = Field(
        "",
        pattern=r"^(https://\S+)?$",
        description="Token endpoint, for OAUTHBEARER; user and password are the client's id and secret.",
    )
    oauth_scope: str = Field("", description="Scope that tokens are asked for; empty: the provider's default.")
    existing_secret: Name = Field("", description="Secret with user and password, for SASL.")
    secret_per_process: SecretPerProcess = Field(
        SecretPerProcess(), description="Instead of `existingSecret`, a Secret of the same keys for a process."
    )
    username_key: SecretKey = Field("username", min_length=1, description="Key of the user's name.")
    password_key: SecretKey = Field("password", min_length=1, description="Key of the password.")
    ca_secret: Name = Field("", description="Secret with the brokers' CA; empty: the CAs that the image trusts.")
    ca_key: SecretKey = Field("ca.crt", min_length=1, description="Key of the CA (PEM).")
    certificate_secret: Name = Field(
        "", description="Secret of type kubernetes.io/tls that the processes show, for mutual TLS; its key as PKCS#8."
    )


class Strimzi(Section):
    """A Kafka that the Strimzi operator (1.0 or newer) runs."""

    create: bool = Field(True, description="Create the cluster; off: use `clusterName`, which has to exist here.")
    cluster_name: Name = Field("", description="Name of the Kafka; empty: one that follows from the release.")
    version: str = Field("4.3.1", description="Version of Kafka; the operator has to know it.")
    replicas: int = Field(3, ge=1, description="Nodes, each broker and controller.")
    size: str = Field("100Gi", description="Disk of each node.")
    storage_class: str = Field("", description="Storage class; empty: the cluster's default.")
    config: dict[str, str | int | bool] = Field(default_factory=dict, description="More broker settings.")
    resources: Resources = Field(
        Resources(requests={"cpu": "500m", "memory": "2Gi"}, limits={"memory": "4Gi"}),
        description="Requests and limits of a node.",
    )
    template: dict[str, Any] = Field(
        default_factory=dict, description="More of `spec.template` of the KafkaNodePool, for scheduling for example."
    )


class Dev(Scheduling):
    """One broker of this release, without replication, TLS or users: to try things, not for production."""

    image: Image = Field(Image(repository="apache/kafka", tag="4.3.1"), description="Image of the broker.")
    heap: str = Field("512m", pattern=r"^[1-9][0-9]*[mg]$", description="Heap of the broker's JVM.")
    persistence: Volume = Field(Volume(size="8Gi"), description="Where records are kept.")
    resources: Resources = Field(
        Resources(requests={"cpu": "250m", "memory": "768Mi"}, limits={"memory": "1536Mi"}),
        description="Requests and limits of the container.",
    )


class Kafka(Section):
    """Where Kafka is, or which one is run."""

    mode: Literal["external", "strimzi", "dev"] = Field(
        "dev",
        description="external: a Kafka that exists. strimzi: the operator runs it. dev: one broker, to try things.",
    )
    external: External = Field(External(), description="For `external`.")
    strimzi: Strimzi = Field(Strimzi(), description="For `strimzi`.")
    dev: Dev = Field(Dev(), description="For `dev`.")
