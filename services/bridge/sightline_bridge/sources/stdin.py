"""Source `stdin`: what is piped into the process, to its end."""

import os
from typing import Final, final

from sightline_bridge.config import StdinConfig
from sightline_bridge.sources.file_stream import file_stream
from sightline_bridge.sources.one_stream import Opened

_STDIN: Final = 0


@final
class Stdin:
    """Standard input. See Opener."""

    def __init__(self, config: StdinConfig) -> None:
        self._config = config

    async def open(self) -> Opened:
        """See Opener."""
        stream = file_stream(os.dup(_STDIN), str(self))
        return Opened(stream, self._config.stream or f"device:{self._config.name}", is_last=True)

    def close(self) -> None:
        """See Opener; nothing is kept."""

    def __str__(self) -> str:
        return "standard input"
