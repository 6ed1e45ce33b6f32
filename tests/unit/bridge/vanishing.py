"""A bridge, and a sender whose cable is pulled, in a network namespace of their own; the output says what happened.

unshare --user --map-root-user --net python -m tests.unit.bridge.vanishing idle|frame|keep-alive|ack
"""

import asyncio
import json
import math
import socket
import subprocess
import sys
import time
from unittest.mock import patch

from sightline_bridge.ack.messages import encode_head, encode_hello
from sightline_bridge.config import TcpListenConfig
from sightline_bridge.framing import FRAMINGS, Frame
from sightline_bridge.metrics import DEFAULT_SOURCE
from sightline_bridge.sources import socket_stream
from tests.unit.bridge.doubles import Bridge, eventually, running, source

QUICK_PROBES = (
    (socket.TCP_KEEPIDLE, 1),
    (socket.TCP_KEEPINTVL, 1),
    (socket.TCP_KEEPCNT, 2),
    (socket.TCP_USER_TIMEOUT, 3000),
)
SOON_S = 1.0
WIRE = FRAMINGS["fixed28"].encode(Frame("a.png", b"\x89PNG\r\n\x1a\n" + bytes(1000)))
ACK = TcpListenConfig(name=DEFAULT_SOURCE, port=0, ack="frame", idle_timeout_s=math.inf, frame_timeout_s=math.inf)
FRAME = encode_head(1, None, None, b"x") + b"x"
# What is cut, the limits of the source, and how much the sender sent before.
CASES = {
    "idle": (source(idle_s=SOON_S), WIRE),
    "frame": (source(idle_s=math.inf, frame_s=SOON_S), WIRE + WIRE[:500]),
    "keep-alive": (source(idle_s=math.inf, frame_s=math.inf), WIRE),
    "ack": (ACK, encode_hello("s") + FRAME),
}


def pull_the_cable(port: int) -> None:
    """Nothing passes to or from the sender's `port` any more; nobody is told."""
    for side in ("--sport", "--dport"):
        subprocess.run(["iptables", "-I", "INPUT", "-p", "tcp", side, str(port), "-j", "DROP"], check=True)


async def vanish(bridge: Bridge, data: bytes) -> dict[str, object]:
    """Send `data` and vanish; which end the bridge counted, and how many seconds after the data."""
    _, writer = await bridge.connect()
    bridge.publisher.acknowledging.clear()
    begun = time.monotonic()
    writer.write(data)
    await eventually(lambda: bridge.publisher.in_flight == 1)
    pull_the_cable(writer.get_extra_info("sockname")[1])
    bridge.publisher.acknowledging.set()  # which a sender of acknowledged frames is told in vain
    await eventually(lambda: bridge.metric("connections") == 0)
    seconds = time.monotonic() - begun
    ends = [reason for reason in ("idle-timeout", "frame-timeout", "reset") if bridge.ends(reason)]
    _, another = await bridge.connect()
    another.write(data)
    await eventually(lambda: len(bridge.publisher.published) == 2)
    return {"ends": ends, "seconds": seconds, "truncated": bridge.frames("truncated-frame")}


async def main() -> None:
    """One case."""
    read, data = CASES[sys.argv[1]]
    with patch.object(socket_stream, "KEEP_ALIVE", QUICK_PROBES):
        async with running(read, connections=1) as bridge:
            sys.stdout.write(json.dumps(await vanish(bridge, data)))


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    asyncio.run(main())
