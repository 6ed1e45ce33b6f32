"""`python -m sightline_gateway`: the gateway as a process, settings from the environment."""

import asyncio
import logging
import sys

import uvloop

from sightline_common.logging import configure_logging
from sightline_common.settings import load_settings
from sightline_gateway.concealment import conceal_process
from sightline_gateway.server import run
from sightline_gateway.settings import GatewaySettings


def main() -> None:
    """Run until SIGTERM or SIGINT; exit status 0 after a clean stop."""
    settings = load_settings(GatewaySettings, "sightline-gateway", "HTTP upload API, results and console of Sightline.")
    configure_logging(settings, "gateway")
    conceal_process()
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # it reports its own start and stop, and so do we
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        status = runner.run(run(settings))
    sys.exit(status)


if __name__ == "__main__":
    main()
