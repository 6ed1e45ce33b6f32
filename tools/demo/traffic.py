"""Sends photos over HTTP and digits over HTTP and TCP for ever, at a gentle pace, and logs each label.

`traffic.py URL HOST:PORT`: the gateway, to which SIGHTLINE_API_KEY is shown, and the bridge. What fails is logged and
the next picture follows: whoever restarts the services wants to see the demo recover.
"""

import argparse
import itertools
import logging
import mimetypes
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS, Framing
from sightline_bridge.sender import send_frames
from sightline_local.client import GatewayClient
from sightline_local.samples import Sample

log = logging.getLogger("traffic")

PHOTO_MODEL: Final = "efficientnet-lite0"
_RESULT_WAIT_S: Final = 30


def main() -> None:
    """Run until stopped."""
    options = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    framing = FRAMINGS[options.framing]
    with GatewayClient(options.gateway, os.environ.get("SIGHTLINE_API_KEY")) as gateway:
        for number, sample in enumerate(samples(options.samples)):
            if sample.content_type == "image/png" and number % 2 == 0:
                _attempt(sample, partial(_over_tcp, options.bridge, framing))
            else:
                _attempt(sample, partial(_over_http, gateway))
            time.sleep(options.every)


def samples(folder: Path) -> Iterator[Sample]:
    """The pictures of `folder` by name, over and over."""
    found = [
        Sample(file.name, mimetypes.guess_type(file.name)[0] or "", file.read_bytes()) for file in folder.iterdir()
    ]
    return itertools.cycle(sorted(found, key=lambda sample: sample.name))


def _attempt(sample: Sample, send: Callable[[Sample], str]) -> None:
    try:
        log.info("%-22s %s", sample.name, send(sample))
    except (httpx.HTTPError, SendError) as error:
        log.warning("%-22s not sent: %s", sample.name, error)


def _over_http(gateway: GatewayClient, sample: Sample) -> str:
    model = PHOTO_MODEL if sample.content_type == "image/jpeg" else None
    result: Any = gateway.classify(sample, _RESULT_WAIT_S, model=model, stream="demo")
    if result["status"] != "classified":
        return f"http  {result['status']}"
    best = result["predictions"][0]
    return f"http  {best['label']} {best['probability']:.3f}"


def _over_tcp(address: tuple[str, int], framing: Framing, sample: Sample) -> str:
    sent = send_frames(address, [(sample.name, sample.data)], framing)
    return f"tcp   {sent.payload_bytes} bytes in Kafka"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Send sample pictures for ever.")
    parser.add_argument("gateway", metavar="URL")
    parser.add_argument("bridge", metavar="HOST:PORT", type=_address)
    parser.add_argument("--every", type=float, default=2.0, metavar="SECONDS", help="pause after each picture")
    parser.add_argument("--framing", choices=["fixed28", "named", "length"], default="fixed28")
    parser.add_argument("--samples", type=Path, default=Path("/opt/sightline/samples"), metavar="FOLDER")
    return parser.parse_args()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    main()
