"""Ports for programs that tests and the local run start."""

import socket
from pathlib import Path

import pytest

from sightline_local import ports
from sightline_local.errors import LocalError


def test_no_outgoing_connection_can_take_a_free_port() -> None:
    """Ports from the kernel's own range were some connection's by the time that a container bound them."""
    with socket.socket() as kernels:
        kernels.bind(("127.0.0.1", 0))
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        assert lowest <= kernels.getsockname()[1]
    if lowest < 16_000:
        pytest.skip("this machine's outgoing connections use all ports")
    assert all(15_000 <= ports.free_port() < lowest for _ in range(50))


@pytest.mark.parametrize(
    ("kernels", "chosen"),
    [
        ("32768\t60999\n", range(15_000, 30_000)),
        ("20000\t60999\n", range(15_000, 20_000)),
        ("1024\t65000\n", range(15_000, 30_000)),
        (None, range(15_000, 30_000)),
    ],
)
def test_the_kernels_range_is_left_alone(tmp_path: Path, kernels: str | None, chosen: range) -> None:
    if kernels is not None:
        (tmp_path / "range").write_text(kernels)
    assert ports._candidates(tmp_path / "range") == chosen


def test_a_port_that_is_taken_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(ports, "_candidates", lambda _: range(taken, taken + 1))
        with pytest.raises(LocalError, match="no free port"):
            ports.free_port()
