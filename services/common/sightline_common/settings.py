"""The settings that every process has; each process derives its one frozen settings class from these."""

import argparse
from typing import Any, Final, Literal, TypeVar

from pydantic import Field, PositiveInt, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sightline_contracts.media import DEFAULT_MAX_PIXELS
from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, record_limit

PREFIX: Final = "SIGHTLINE_"
S = TypeVar("S", bound=BaseSettings)


class KafkaSettings(BaseSettings):
    """Where Kafka is, and the one size limit that drives every other on the way."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True, extra="ignore")

    kafka_bootstrap_servers: str = Field(
        "127.0.0.1:9092", min_length=1, description="Kafka brokers, host:port,host:port"
    )
    # A broker takes no larger request (socket.request.max.bytes) unless it is configured to.
    max_image_bytes: PositiveInt = Field(
        DEFAULT_MAX_IMAGE_BYTES, le=64 * 1024 * 1024, description="largest image in bytes, on every hop; at most 64 MiB"
    )
    max_pixels: PositiveInt = Field(DEFAULT_MAX_PIXELS, description="most pixels (width x height) of an image")

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _are_brokers(cls, value: str) -> str:
        for server in value.split(","):
            host, _, port = server.strip().rpartition(":")
            if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
                raise ValueError(f"{server.strip()!r} is not host:port")
        return value

    @property
    def record_limit(self) -> int:
        """The largest Kafka record in bytes: an image of the limit with its key and headers."""
        return record_limit(self.max_image_bytes)

    def client_options(self) -> dict[str, Any]:
        """What every kafka-python client of the process is built with."""
        return {"bootstrap_servers": [server.strip() for server in self.kafka_bootstrap_servers.split(",")]}


class ServiceSettings(KafkaSettings):
    """What a long-running process has on top: how it logs."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe line logged")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="json lines, text for people, or auto: text on a terminal"
    )


def load_settings(kind: type[S], program: str, purpose: str) -> S:
    """The settings of the process from its environment; `--help` lists them with their defaults.

    Exits with status 2 and one line a problem, each with the variable's name, when a value is refused.
    """
    parser = argparse.ArgumentParser(
        prog=program, description=purpose, epilog=describe(kind), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    try:
        return kind()
    except ValidationError as error:
        parser.exit(2, "".join(f"{program}: {problem}\n" for problem in problems(error)))


def describe(kind: type[BaseSettings]) -> str:
    """The environment variables of `kind`, their defaults and meanings, a paragraph for `--help`."""
    lines = ["environment variables:"]
    for name, field in kind.model_fields.items():
        lines.append(f"  {PREFIX}{name.upper()} (default: {_shown(field.default)})\n      {field.description}")
    return "\n".join(lines)


def _shown(default: object) -> str:
    if default is None:
        return "unset"
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)


def problems(error: ValidationError) -> list[str]:
    """What is wrong with the settings, one line a problem, each with the name of its variable."""
    return [
        f"{PREFIX}{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
        if problem["loc"]
        else problem["msg"]
        for problem in error.errors(include_url=False)
    ]
