"""An image over each source and framing of the bridge ends as a label: one bridge with a file of all of them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from sightline_local.ports import free_port
from sightline_local.samples import digit
from tests.e2e.system import System, eventually
from tests.unit.bridge.processes import BridgeProcess, bridge_process, wait_until

pytestmark = pytest.mark.e2e

SIMULATE = (sys.executable, "-m", "sightline_bridge.simulate.command")


@dataclass(frozen=True, slots=True)
class Way:
    """A source of the file (`{port}` and `{path}` are its own), and how `sightline-simulate` reaches it."""

    name: str
    config: str
    target: str
    arguments: tuple[str, ...] = ()
    kind: str = "tcp"


TCP = "tcp://127.0.0.1:{port}"
WAYS = (
    Way("fixed28", "type: tcp-listen, port: {port}", TCP),
    Way("named", "type: tcp-listen, port: {port}, framing: named", TCP, ("--framing", "named")),
    Way("length", "type: tcp-listen, port: {port}, framing: length", TCP, ("--framing", "length")),
    Way("jpeg", "type: tcp-listen, port: {port}, framing: jpeg", TCP, ("--framing", "jpeg")),
    Way("acknowledged", "type: tcp-listen, port: {port}, ack: frame", TCP, ("--ack",)),
    Way("dialled", "type: tcp-connect, host: 127.0.0.1, port: {port}", "tcp-listen://127.0.0.1:{port}"),
    Way("unix", "type: unix-listen, path: {path}", "unix:{path}", kind="device"),
    Way("fifo", "type: device, path: {path}", "file:{path}", kind="device"),
    Way("datagram", "type: udp, port: {port}", "udp://127.0.0.1:{port}", kind="udp"),
    Way("stdin", "type: stdin", "-", kind="device"),
)


@dataclass(frozen=True, slots=True)
class Ways:
    """The running bridge, and where each way leads; the stream of a way is its name behind `run`."""

    bridge: BridgeProcess
    places: dict[str, dict[str, object]]
    run: str


@pytest.fixture(scope="module")
def ways(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    folder, run = tmp_path_factory.mktemp("bridge"), uuid4().hex[:8]
    places: dict[str, dict[str, object]] = {
        way.name: {"port": free_port(), "path": folder / f"{way.name}.way"} for way in WAYS
    }
    os.mkfifo(folder / "fifo.way")
    lines = [
        f"  - {{name: {way.name}, stream: {run}-{way.name}, {way.config.format(**places[way.name])}}}" for way in WAYS
    ]
    file = folder / "bridge.yaml"
    file.write_text("\n".join(["sources:", *lines]))
    kafka = system.bootstrap_servers
    with bridge_process(folder, KAFKA_BOOTSTRAP_SERVERS=kafka, BRIDGE_CONFIG_FILE=file) as bridge:
        wait_until(bridge.ready, "the bridge is connected to Kafka")
        yield Ways(bridge, places, run)


def result_of(http: httpx.Client, stream: str) -> Any:
    """The result of the stream's one image, once it is there."""

    def find() -> Any:
        images = http.get("/v1/images", params={"limit": 100}).json()["images"]
        return next((image for image in images if image["stream"] == stream), None)

    return eventually(find, 30, f"a result for {stream}")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_an_image_over_each_source_and_framing_gets_its_label(
    way: Way, ways: Ways, http: httpx.Client, tmp_path: Path
) -> None:
    sample = digit(42)
    file = tmp_path / sample.name
    if way.name == "jpeg":
        file = file.with_suffix(".jpg")
        Image.open(BytesIO(sample.data)).save(file, quality=100)
    else:
        file.write_bytes(sample.data)
    target = way.target.format(**ways.places[way.name])
    command = [*SIMULATE, target, str(tmp_path), "--frames", "1", *way.arguments]
    output = ways.bridge.process.stdin if target == "-" else None
    subprocess.run(command, stdout=output, timeout=60, check=True)
    result = result_of(http, f"{ways.run}-{way.name}")
    assert result["status"] == "classified"
    assert result["predictions"][0]["label"] == sample.name.split("-")[1]
    assert result["source"] == way.kind
    assert result["name"] == (None if way.name in {"jpeg", "length"} else sample.name)
