"""The settings that every process has; each process derives its one frozen settings class from these."""

import argparse
from typing import Final, Literal, TypeVar

from pydantic import Field, PositiveInt, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sightline_common.kafka_security import KafkaConnection
from sightline_common.plain_words import plain
from sightline_contracts.media import DEFAULT_MAX_PIXELS
from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, record_limit

PREFIX: Final = "SIGHTLINE_"
# How every settings class reads them.
FROM_ENVIRONMENT: Final = SettingsConfigDict(
    env_prefix=PREFIX,
    frozen=True,
    env_ignore_empty=True,
    extra="ignore",
    hide_input_in_errors=True,  # a refused setting may stand beside a password
)
LogFormat = Literal["auto", "json", "text"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
S = TypeVar("S", bound=BaseSettings)


class KafkaSettings(KafkaConnection):
    """How to reach Kafka, and the one size limit that drives every other on the way."""

    model_config = FROM_ENVIRONMENT

    # A broker takes no larger request (socket.request.max.bytes) unless it is configured to.
    max_image_bytes: PositiveInt = Field(
        DEFAULT_MAX_IMAGE_BYTES, le=64 * 1024 * 1024, description="largest image in bytes, on every hop; at most 64 MiB"
    )
    # A pixel takes up to 11 bytes while it is decoded (docs/operations.md): with more pixels than this, one file of
    # some megabytes ends a classifier.
    max_pixels: PositiveInt = Field(
        DEFAULT_MAX_PIXELS,
        le=250_000_000,
        description="most pixels (width x height) of an image; at most 250,000,000",
    )

    @property
    def record_limit(self) -> int:
        """The largest Kafka record in bytes: an image of the limit with its key and headers."""
        return record_limit(self.max_image_bytes)


class ServiceSettings(KafkaSettings):
    """What a long-running process has on top: how it logs."""

    log_level: LogLevel = Field("INFO", description="least severe line logged; with DEBUG, one for each image")
    log_format: LogFormat = Field("auto", description="json lines, text for people, or auto: text on a terminal")


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
    if default is None or default == ():
        return "unset"
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)


def problems(error: ValidationError) -> list[str]:
    """What is wrong with the settings, one line a problem, each with the name of its variable."""
    return [
        f"{PREFIX}{'_'.join(str(part) for part in problem['loc']).upper()}: {plain(problem)}"
        if problem["loc"]
        else plain(problem)
        for problem in error.errors(include_url=False)
    ]
