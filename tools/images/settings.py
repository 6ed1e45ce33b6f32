"""The variables that docker-compose.yml reads by itself: what no process inside a container is told."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from sightline_common.settings import PREFIX


class ComposeSettings(BaseSettings):
    """Which images run, and where on this machine they can be reached."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True, extra="ignore")

    image_tag: str = Field("0.1.0", description="tag of the images sightline/gateway, bridge, topics, classifier, demo")
    bind: str = Field("127.0.0.1", description="address of this machine on which gateway and bridge can be reached")
    kafka_port: int = Field(9092, ge=1, le=65535, description="port on 127.0.0.1 for Kafka clients of this machine")
    ui_port: int = Field(8081, ge=1, le=65535, description="port on 127.0.0.1 of Kafka's pages, profile ui")
    prometheus_port: int = Field(9090, ge=1, le=65535, description="port on 127.0.0.1, profile observability")
    grafana_port: int = Field(3000, ge=1, le=65535, description="port on 127.0.0.1, profile observability")
    grafana_password: SecretStr | None = Field(
        None, description="password of Grafana's user admin, profile observability"
    )
    metrics_key: SecretStr | None = Field(
        None, description="key with admin for Prometheus, where the gateway asks for keys, profile observability"
    )
    compose_env: str = Field(
        ".env", description="file of settings that containers get; a file named by --env-file names itself here"
    )
