"""`python -m sightline_bridge`: raw byte streams into Kafka."""

import asyncio
import sys

from sightline_bridge.app import run
from sightline_bridge.errors import StartError
from sightline_bridge.settings import BridgeSettings
from sightline_common.logging import configure_logging
from sightline_common.settings import load_settings


def main() -> None:
    """Run the bridge. Exit status: 0 after SIGTERM, 1 when it cannot listen, 2 when a setting is refused."""
    settings = load_settings(
        BridgeSettings, "sightline-bridge", "Takes framed images over TCP and publishes them to Kafka."
    )
    configure_logging(settings, "bridge")
    try:
        asyncio.run(run(settings))
    except StartError as error:
        sys.exit(f"sightline-bridge: {error}")


if __name__ == "__main__":
    main()
