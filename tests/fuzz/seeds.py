"""What the fuzzer starts from: the examples of docs/wire-formats.md and the files of the tests."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.fuzz.targets import cut_nowhere
from tests.unit.bridge.datagrams import datagrams
from tests.unit.bridge.jpegs import SOI, THUMBNAIL, jpeg

_PAGE: Final = Path(__file__).parents[2] / "docs" / "wire-formats.md"


def examples() -> Iterator[bytes]:
    """The bytes of each table of the page in one piece, and of each single example."""
    for table in re.split(r"\n\n", _PAGE.read_text(encoding="utf-8")):
        rows = [bytes.fromhex(found) for found in re.findall(r"`((?:[0-9a-f]{2} )*[0-9a-f]{2})`", table)]
        yield from rows
        yield b"".join(rows) * 2


def write_seeds(folder: Path) -> None:
    """Make `folder` with a file for each seed."""
    folder.mkdir(parents=True, exist_ok=True)
    torn = jpeg(app=THUMBNAIL)[:-4]
    wires = [*examples(), torn + jpeg(), SOI + torn, b"one\r\ntwo\n\nthree"]
    for number, wire in enumerate(dict.fromkeys(wires)):
        (folder / f"seed-{number:03}").write_bytes(cut_nowhere(wire))
    (folder / "seed-datagrams").write_bytes(b"".join(_sent(datagrams(1, bytes(100), name="a", size=60))))


def _sent(sent: list[bytes]) -> Iterator[bytes]:
    """As the target of datagrams reads them."""
    return (bytes([len(datagram), 0]) + datagram for datagram in sent)
