"""The sources of a process: read from a YAML file, or the one that the environment describes."""

from pathlib import Path
from typing import Any, Final

import yaml

from sightline_bridge.config import SOURCE_PLACES, BridgeConfig
from sightline_bridge.config_conflicts import Listener
from sightline_bridge.config_problems import Location, Problem, checked
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
        ConfigError: the file cannot be read, or the sources cannot be used together on this machine; one line for
            each problem, with the source and the field.
    """
    management = Listener(settings.bridge_management_host, settings.bridge_management_port)
    if settings.bridge_config_file is None:
        return _of_environment(settings, management)
    return read_config(settings.bridge_config_file, management)


def read_config(file: Path, management: Listener | None = None) -> BridgeConfig:
    """The sources in `file`. Without `management`, the port of the process, those of another machine.

    Raises ConfigError as `load_config` does.
    """
    document = _parsed(file)
    if document is None:
        raise ConfigError([f"{file}: it is empty; `sources:` is missing"])
    found = checked(document, management)
    if isinstance(found, BridgeConfig):
        return found
    raise ConfigError([f"{file}: {_line(problem, document)}" for problem in found])


def place_of(source: str, settings: BridgeSettings) -> str:
    """Where the address of the source of that name is configured, for messages."""
    if settings.bridge_config_file is not None:
        return f"source {source} of {settings.bridge_config_file}"
    return ", ".join(f"{PREFIX}BRIDGE_{field.upper()}" for field in SOURCE_PLACES[settings.bridge_source])


def _of_environment(settings: BridgeSettings, management: Listener) -> BridgeConfig:
    fields = ("stream", "model", "content_type", *SOURCE_PLACES[settings.bridge_source])
    source = {field: getattr(settings, f"bridge_{field}") for field in fields} | settings.rules_of_environment
    document = {"sources": [{"name": DEFAULT_SOURCE, "type": settings.bridge_source, **_format(settings), **source}]}
    found = checked(document, management)
    if isinstance(found, BridgeConfig):
        return found
    raise ConfigError([f"{_variable(problem.location)}: {problem.text}" for problem in found])


def _variable(location: Location) -> str:
    """`SIGHTLINE_BRIDGE_TLS_KEY_FILE` for ("sources", 0, "tls", "key")."""
    _, _, *rest = location
    path = "_".join(map(str, rest))
    settings = (f"bridge_{path}", f"bridge_{path}_file", *(f"bridge_{part}" for part in reversed(rest)))
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


def _line(problem: Problem, document: Any) -> str:
    """`source line-3: tls.key: TEXT` for a problem at ("sources", 0, "tls", "key")."""
    match problem.location:
        case ("sources", int() as index, *rest):
            source = document["sources"][index]
            name = source.get("name") if isinstance(source, dict) else None
            places = [f"source {name or f'number {index + 1}'}", ".".join(map(str, rest))]
        case location:
            places = [*map(str, location)]
    return ": ".join(filter(None, (*places, problem.text)))
