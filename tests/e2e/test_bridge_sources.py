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

from sightline_bridge.framing.length import LengthLayout, length_framing
from sightline_bridge.sender import send_frames
from sightline_contracts.topics import IMAGES, RESULTS
from sightline_local.ports import free_port
from sightline_local.samples import digit
from tests.e2e.system import System, eventually, post
from tests.unit.bridge.authority import Authority
from tests.unit.bridge.processes import BridgeProcess, bridge_process, wait_until

pytestmark = pytest.mark.e2e

SIMULATE = (sys.executable, "-m", "sightline_bridge.simulate.command")


@dataclass(frozen=True, slots=True)
class Way:
    """A source of the file, and how `sightline-simulate` reaches it; with a `layout` we write its frames ourselves.

    `{port}` and `{path}` are its own; `{certificate}` and `{key}` are good for both sides, `{ca}` is their authority's.
    """

    name: str
    config: str
    target: str
    arguments: tuple[str, ...] = ()
    kind: str = "tcp"
    layout: LengthLayout | None = None


TCP = "tcp://127.0.0.1:{port}"
TLS = "tls: {{certificate: {certificate}, key: {key}, client_ca: {ca}}}"
SHOWN = ("--tls-ca", "{ca}", "--tls-certificate", "{certificate}", "--tls-key", "{key}")
VENDORS = LengthLayout(width=3, endianness="little", offset=5, includes_header=True)
WAYS = (
    Way("fixed28", "type: tcp-listen, port: {port}", TCP),
    Way("named", "type: tcp-listen, port: {port}, framing: named", TCP, ("--framing", "named")),
    Way("length", "type: tcp-listen, port: {port}, framing: length", TCP, ("--framing", "length")),
    Way(
        "length-of-a-vendor",
        "type: tcp-listen, port: {port}, "
        "framing: {{type: length, width: 3, endianness: little, offset: 5, includes_header: true}}",
        TCP,
        layout=VENDORS,
    ),
    Way("jpeg", "type: tcp-listen, port: {port}, framing: jpeg", TCP, ("--framing", "jpeg")),
    Way("acknowledged", "type: tcp-listen, port: {port}, ack: frame", TCP, ("--ack",)),
    Way("tls", f"type: tcp-listen, port: {{port}}, {TLS}", TCP, SHOWN),
    Way("tls-acknowledged", f"type: tcp-listen, port: {{port}}, ack: frame, {TLS}", TCP, ("--ack", *SHOWN)),
    Way("dialled", "type: tcp-connect, host: 127.0.0.1, port: {port}", "tcp-listen://127.0.0.1:{port}"),
    Way("unix", "type: unix-listen, path: {path}", "unix:{path}", kind="device"),
    Way("fifo", "type: device, path: {path}", "file:{path}", kind="device"),
    Way("datagram", "type: udp, port: {port}", "udp://127.0.0.1:{port}", kind="udp"),
    Way("stdin", "type: stdin", "-", kind="device"),
)
TWICE = Way("twice", "type: tcp-listen, port: {port}, ack: frame", TCP)


@dataclass(frozen=True, slots=True)
class Ways:
    """The running bridge, and where each way leads; the stream of a way is its name behind `run`."""

    bridge: BridgeProcess
    places: dict[str, dict[str, object]]
    run: str


@pytest.fixture(scope="module")
def ways(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    folder, run = tmp_path_factory.mktemp("bridge"), uuid4().hex[:8]
    authority = Authority(folder)
    pair = authority.issue("bridge")
    secrets = {"ca": authority.file, "certificate": pair.certificate, "key": pair.key}
    places: dict[str, dict[str, object]] = {
        way.name: {"port": free_port(), "path": folder / f"{way.name}.way", **secrets} for way in (*WAYS, TWICE)
    }
    os.mkfifo(folder / "fifo.way")
    lines = [
        f"  - {{name: {way.name}, stream: {run}-{way.name}, {way.config.format(**places[way.name])}}}"
        for way in (*WAYS, TWICE)
    ]
    file = folder / "bridge.yaml"
    file.write_text("\n".join(["sources:", *lines]))
    kafka = system.bootstrap_servers
    with bridge_process(folder, KAFKA_BOOTSTRAP_SERVERS=kafka, BRIDGE_CONFIG_FILE=file) as bridge:
        wait_until(bridge.ready, "the bridge is connected to Kafka")
        yield Ways(bridge, places, run)


def results_of(http: httpx.Client, stream: str) -> list[Any]:
    """The results of the stream's images."""
    images = http.get("/v1/images", params={"limit": 100}).json()["images"]
    return [image for image in images if image["stream"] == stream]


def result_of(http: httpx.Client, stream: str) -> Any:
    """The result of the stream's one image, once it is there."""
    return eventually(lambda: results_of(http, stream), 30, f"a result for {stream}")[0]


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
    send(way, ways, file)
    result = result_of(http, f"{ways.run}-{way.name}")
    assert result["status"] == "classified"
    assert result["predictions"][0]["label"] == sample.name.split("-")[1]
    assert result["source"] == way.kind
    nameless = {"jpeg", "length", "length-of-a-vendor"}
    assert result["name"] == (None if way.name in nameless else sample.name)


def send(way: Way, ways: Ways, file: Path) -> None:
    """Send the file's image once."""
    place = ways.places[way.name]
    if way.layout is not None:
        framing = length_framing(way.layout)
        send_frames(("127.0.0.1", int(str(place["port"]))), [(file.name, file.read_bytes())], framing)
        return
    target, arguments = way.target.format(**place), [argument.format(**place) for argument in way.arguments]
    command = [*SIMULATE, target, str(file.parent), "--frames", "1", *arguments]
    output = ways.bridge.process.stdin if target == "-" else None
    subprocess.run(command, stdout=output, timeout=60, check=True)


def test_a_frame_that_is_sent_twice_is_two_records_and_one_result(
    ways: Ways, system: System, http: httpx.Client, tmp_path: Path
) -> None:
    """A sender that starts again under its old id, as after a power cut, and cannot know what arrived."""
    sample = digit(41)
    (tmp_path / sample.name).write_bytes(sample.data)
    address = f"127.0.0.1:{ways.places[TWICE.name]['port']}"
    for _ in range(2):
        command = [sys.executable, "-m", "sightline_bridge.send", "--ack", "--sender-id", f"camera-{ways.run}"]
        subprocess.run([*command, address, str(tmp_path)], timeout=60, check=True)
    image_id = result_of(http, f"{ways.run}-{TWICE.name}")["id"]
    both = [record for record in system.records(IMAGES) if record.key.decode() == image_id]
    assert len(both) == 2

    def classified() -> bool:
        keys = [record.key.decode() for record in system.records(RESULTS)]
        return keys.count(image_id) >= 2

    eventually(classified, 30, "both records are classified")
    after = post(http, digit(40), wait_s=30).json()  # when the gateway shows this one it has read both results
    assert after["status"] == "classified"
    assert [image["id"] for image in results_of(http, f"{ways.run}-{TWICE.name}")] == [image_id]
