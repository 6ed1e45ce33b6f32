"""What brings images to the bridge of the run: as its settings and its file say, and as the running one says."""

from dataclasses import dataclass
from typing import Self, final

import httpx

from sightline_bridge.config import TcpListenConfig
from sightline_bridge.config_file import load_config
from sightline_bridge.settings import BridgeSettings

_TIMEOUT_S = 5.0
_CHECK = "source:"


@final
@dataclass(frozen=True, slots=True)
class SourceState:
    """A source of the running bridge, and what it says that it does."""

    name: str
    does: str

    @classmethod
    def of(cls, check: str, reason: str) -> Self:
        """Read one of the checks of /readyz."""
        return cls(check.removeprefix(_CHECK), reason)


def source_ports(bridge: BridgeSettings) -> dict[str, int]:
    """The TCP ports that the sources of the bridge's file listen on, by what people have to change; none is 0.

    Raises ConfigError, which has a line for each mistake in the bridge's configuration.
    """
    config = load_config(bridge)
    if bridge.bridge_config_file is None:
        return {}  # its port is a setting
    listening = (source for source in config.sources if isinstance(source, TcpListenConfig) and source.port)
    return {f"source {source.name} of {bridge.bridge_config_file}": source.port for source in listening}


def running_sources(bridge: BridgeSettings) -> list[SourceState]:
    """The sources that the running bridge really has; none when it does not answer."""
    url = f"http://127.0.0.1:{bridge.bridge_management_port}/readyz"
    try:
        checks = httpx.get(url, timeout=_TIMEOUT_S, trust_env=False).json()["checks"]
    except (httpx.HTTPError, ValueError, KeyError):
        return []
    return [SourceState.of(name, check["reason"]) for name, check in checks.items() if name.startswith(_CHECK)]


def shown(sources: list[SourceState]) -> list[str]:
    """A line for each."""
    width = max((len(source.name) for source in sources), default=0)
    return [f"frames: {source.name:<{width}}  {source.does}" for source in sources]
