"""The gateway that is measured."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.services.process import ServiceProcess, service
from sightline_local.ports import free_port


@contextmanager
def gateway(bootstrap: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[ServiceProcess]:
    """`python -m sightline_gateway` with its defaults but for `settings`, from ready to stopped."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    ours = {
        "SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "SIGHTLINE_GATEWAY_STATE_DIR": str(folder / "gateway"),
        "SIGHTLINE_GATEWAY_PORT": str(port),
    }
    with service("sightline_gateway", (address, address), ours | dict(settings or {}), folder / "gateway.log") as it:
        yield it
