"""The bridge that is measured."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.services.process import ServiceProcess, service
from sightline_local.ports import free_port


@contextmanager
def bridge(bootstrap: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[ServiceProcess]:
    """`python -m sightline_bridge` with its defaults but for `settings`, from ready to stopped."""
    port, probes = free_port(), free_port()
    ours = {
        "SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "SIGHTLINE_BRIDGE_PORT": str(port),
        "SIGHTLINE_BRIDGE_MANAGEMENT_PORT": str(probes),
    }
    addresses = (f"127.0.0.1:{port}", f"127.0.0.1:{probes}")
    with service("sightline_bridge", addresses, ours | dict(settings or {}), folder / "bridge.log") as it:
        yield it
