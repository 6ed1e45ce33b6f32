"""Settings of the run on one machine: those of every program it starts, and a few of its own."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dotenv import dotenv_values
from pydantic import Field, NonNegativeInt, PositiveFloat, SecretStr

from sightline_bridge.settings import BridgeSettings
from sightline_common.settings import PREFIX, ServiceSettings
from sightline_gateway.settings import GatewaySettings
from sightline_local.errors import LocalError
from sightline_spark.settings import ClassifierSettings

ROOT = Path(__file__).resolve().parents[3]
KAFKA_SETTING = f"{PREFIX}KAFKA_BOOTSTRAP_SERVERS"
_READ = (PREFIX, "OTEL_")  # ours, and OpenTelemetry's own
API_KEY = f"{PREFIX}API_KEY"

# Folders that programs would otherwise put next to the working directory, and where below the state they go instead.
_STATE_FOLDERS = {"gateway_state_dir": "gateway", "classifier_checkpoint_dir": "classifier/checkpoint"}


class LocalSettings(ServiceSettings):
    """What the local run can be told on top of the settings of its programs."""

    local_state_dir: Path = Field(ROOT / ".sightline", description="folder of data, logs and the supervisor's socket")
    local_kafka_controller_port: NonNegativeInt = Field(9093, le=65535, description="port of Kafka's controller")
    local_start_timeout_s: PositiveFloat = Field(
        180.0, description="seconds in which the first image must be classified"
    )
    local_stop_timeout_s: PositiveFloat = Field(60.0, description="seconds after which what still runs is killed")
    api_key: SecretStr | None = Field(None, description="key with upload and read, where the gateway asks for one")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of every program of the local run, read from the same environment they will read."""

    local: LocalSettings
    gateway: GatewaySettings
    bridge: BridgeSettings
    classifier: ClassifierSettings

    @classmethod
    def load(cls) -> Self:
        """Read the environment (see load_environment first). Raises pydantic's ValidationError."""
        return cls(LocalSettings(), GatewaySettings(), BridgeSettings(), ClassifierSettings())

    @property
    def kafka_port(self) -> int:
        """The port on this machine at which every program looks for Kafka.

        Raises LocalError when the programs are told of a Kafka elsewhere: this run brings its own.
        """
        host, _, port = self.local.kafka_bootstrap_servers.rpartition(":")
        if host not in {"127.0.0.1", "localhost"} or not port.isdigit():
            raise LocalError(
                f"{KAFKA_SETTING} is {self.local.kafka_bootstrap_servers}, but the local run "
                "starts its own broker: set it to 127.0.0.1:PORT, or leave it unset"
            )
        return int(port)

    @property
    def ports(self) -> dict[str, int]:
        """Every TCP port the run listens on, by the setting that changes it; the bridge's file has more."""
        bridge = self.bridge
        alone = bridge.bridge_config_file is None and bridge.bridge_source == "tcp-listen"
        return {
            KAFKA_SETTING: self.kafka_port,
            "SIGHTLINE_LOCAL_KAFKA_CONTROLLER_PORT": self.local.local_kafka_controller_port,
            "SIGHTLINE_GATEWAY_PORT": self.gateway.gateway_port,
            **({"SIGHTLINE_BRIDGE_PORT": bridge.bridge_port} if alone else {}),
            "SIGHTLINE_BRIDGE_MANAGEMENT_PORT": bridge.bridge_management_port,
            "SIGHTLINE_CLASSIFIER_MANAGEMENT_PORT": self.classifier.classifier_management_port,
        }

    @property
    def api_key(self) -> str | None:
        """What the run itself shows the gateway; None without a key."""
        key = self.local.api_key
        return None if key is None else key.get_secret_value()

    @property
    def state_dir(self) -> Path:
        """Folder of everything the run writes; absolute."""
        return self.local.local_state_dir.resolve()

    @property
    def gateway_url(self) -> str:
        """Where people and programs on this machine reach the gateway."""
        return f"http://127.0.0.1:{self.gateway.gateway_port}"


def load_environment(env_file: Path = ROOT / ".env") -> None:
    """Put the SIGHTLINE_ and OTEL_ lines of `.env` and the state directory's folders into this process's environment.

    What the environment says already wins. The programs inherit it, so all read the same settings.
    """
    for name, value in dotenv_values(env_file).items():
        if name.startswith(_READ) and value:
            os.environ.setdefault(name, value)
    # People read these logs in a terminal, even though the programs write them to files.
    os.environ.setdefault(f"{PREFIX}LOG_FORMAT", "text")
    state = LocalSettings().local_state_dir.resolve()
    for field, folder in _STATE_FOLDERS.items():
        os.environ.setdefault(f"{PREFIX}{field}".upper(), str(state / folder))


def forget_api_key() -> None:
    """Take our own key, once it is read, out of the environment: programs inherit it, and a file keeps it."""
    os.environ.pop(API_KEY, None)


def shown_environment() -> dict[str, str]:
    """The variables of this process that decide how the programs run."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(_READ)}
