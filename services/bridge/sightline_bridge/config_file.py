"""The sources of a process: read from a YAML file, or the one that the environment describes."""

from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from sightline_bridge.config import SOURCE_PLACES, BridgeConfig
from sightline_bridge.errors import ConfigError
from sightline_bridge.metrics import DEFAULT_SOURCE
from sightline_bridge.settings import BridgeSettings
from sightline_common.settings import PREFIX

# Far above the largest that makes sense (256 sources); far below what would take long to parse.
MAX_FILE_BYTES: Final = 1024 * 1024


class _Loader(yaml.SafeLoader):
    """Plain data only, and no key twice: YAML itself lets the last one win, silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise yaml.MarkedYAMLError(problem=f"{key!r} stands there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def load_config(settings: BridgeSettings) -> BridgeConfig:
    """The sources in `settings.bridge_config_file`, or the one of the environment when there is none.

    Raises:
        ConfigError: the file cannot be read or used; one line for each problem, with the source and the field.
    """
    if settings.bridge_config_file is None:
        return _of_environment(settings)
    return read_config(settings.bridge_config_file)


def read_config(file: Path) -> BridgeConfig:
    """The sources in `file`. Raises ConfigError as `load_config` does."""
    document = _parsed(file)
    if document is None:
        raise ConfigError([f"{file}: it is empty; `sources:` is missing"])
    try:
        return BridgeConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError([f"{file}: {line}" for line in _problems(error, document)]) from error


def place_of(source: str, settings: BridgeSettings) -> str:
    """Where the address of the source of that name is configured, for messages."""
    if settings.bridge_config_file is not None:
        return f"source {source} of {settings.bridge_config_file}"
    return ", ".join(f"{PREFIX}BRIDGE_{field.upper()}" for field in SOURCE_PLACES[settings.bridge_source])


def _of_environment(settings: BridgeSettings) -> BridgeConfig:
    fields = ("stream", "model", "content_type", *SOURCE_PLACES[settings.bridge_source])
    source = {field: getattr(settings, f"bridge_{field}") for field in fields} | settings.rules_of_environment
    document = {"sources": [{"name": DEFAULT_SOURCE, "type": settings.bridge_source, **_format(settings), **source}]}
    try:
        return BridgeConfig.model_validate(document)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise ConfigError([f"{_variable(problem['loc'])}: {_words(problem['msg'])}" for problem in problems]) from error


def _variable(location: tuple[int | str, ...]) -> str:
    """`SIGHTLINE_BRIDGE_PORT` for ("sources", 0, "tcp-connect", "port")."""
    settings = (f"bridge_{part}" for part in reversed(location))
    field = next((name for name in settings if name in BridgeSettings.model_fields), "bridge_source")
    return f"{PREFIX}{field.upper()}"


def _format(settings: BridgeSettings) -> dict[str, object]:
    """How frames are told apart, where there is more than one way."""
    if settings.bridge_source == "udp":
        return {}
    if settings.bridge_ack == "frame":
        return {"ack": "frame"}
    topic = {"topic": settings.bridge_topic} if settings.bridge_framing == "lines" else {}
    return {"framing": {"type": settings.bridge_framing, **topic}}


def _parsed(file: Path) -> Any:
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError([f"{PREFIX}BRIDGE_CONFIG_FILE: cannot read {file}: {error.strerror}"]) from error
    if len(text) > MAX_FILE_BYTES:
        raise ConfigError([f"{file}: it is larger than {MAX_FILE_BYTES} bytes"])
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError([f"{file}: it is not YAML: {error}"]) from error


def _problems(error: ValidationError, document: Any) -> list[str]:
    return [
        f"{_place(problem['loc'], document)}{_words(problem['msg'])}"
        for problem in error.errors(include_url=False, include_input=False)
    ]


def _words(message: str) -> str:
    return message.removeprefix("Value error, ")


def _place(location: tuple[int | str, ...], document: Any) -> str:
    """`source line-3: tls.key: ` for ("sources", 0, "tcp-listen", "tls", "key")."""
    match location:
        case ("sources", int() as index, *rest):
            source = document["sources"][index]
            name = source.get("name") if isinstance(source, dict) else None
            kind = source.get("type") if isinstance(source, dict) else None
            field = ".".join(map(str, rest[1:] if rest and rest[0] == kind else rest))
            return f"source {name or f'number {index + 1}'}: " + (f"{field}: " if field else "")
        case _:
            return "".join(f"{part}: " for part in location)
