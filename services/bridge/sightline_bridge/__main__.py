"""`python -m sightline_bridge`: raw byte streams into Kafka."""

import asyncio
import sys

from sightline_bridge.app import run
from sightline_bridge.config_file import load_config
from sightline_bridge.errors import ConfigError, SourceError, StartError
from sightline_bridge.settings import BridgeSettings
from sightline_common.logging import configure_logging
from sightline_common.settings import load_settings


def main() -> None:
    """Run the bridge. Exit status: 0 after SIGTERM or the end of all sources, 1 when one cannot start or
    ended inside a frame, 2 when a setting or the file of sources is refused.
    """
    settings = load_settings(BridgeSettings, "sightline-bridge", "Takes framed images and publishes them to Kafka.")
    configure_logging(settings, "bridge")
    try:
        asyncio.run(run(settings, load_config(settings)))
    except ConfigError as error:
        sys.stderr.write("".join(f"sightline-bridge: {problem}\n" for problem in error.problems))
        sys.exit(2)
    except (StartError, SourceError) as error:
        sys.exit(f"sightline-bridge: {error}")


if __name__ == "__main__":
    main()
