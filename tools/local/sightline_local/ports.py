"""TCP ports on this machine."""

import socket
import time

from sightline_local.errors import LocalError


def free_port() -> int:
    """A port nobody listens on at this moment; somebody may take it before its user does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens on the port, or it cannot be bound for another reason."""
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT is free to listen on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def is_listening(port: int) -> bool:
    """Whether a connection to the port on this machine is accepted."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_port_closed(port: int, deadline_s: float) -> None:
    """Return once the port can be bound again. Raises LocalError when it cannot by the deadline."""
    end = time.monotonic() + deadline_s
    while is_taken(port):
        if time.monotonic() > end:
            raise LocalError(f"port {port} is still in use {deadline_s:.0f} s after its process ended")
        time.sleep(0.05)
