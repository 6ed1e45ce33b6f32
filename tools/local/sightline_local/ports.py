"""TCP ports on this machine."""

import secrets
import socket
import time
from pathlib import Path
from typing import Final

from sightline_local.errors import LocalError

# Above well-known services, below Kubernetes' node ports (30000) and the usual range of outgoing connections (32768).
_LOWEST: Final = 15_000
_HIGHEST: Final = 30_000
_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES: Final = 1000


def free_port() -> int:
    """A port nobody listens on at this moment; another server may take it before its user does.

    No outgoing connection takes it: the kernel chooses those from a range of its own, above ours.
    """
    candidates = _candidates(_EPHEMERAL)
    for _ in range(_TRIES):
        port = secrets.choice(candidates)
        if not is_taken(port):
            return port
    raise LocalError(f"no free port in {_TRIES} tries between {candidates[0]} and {candidates[-1]}")


def _candidates(ephemeral: Path) -> range:
    try:
        highest = min(_HIGHEST, int(ephemeral.read_text(encoding="ascii").split()[0]))
    except OSError:  # not Linux
        highest = _HIGHEST
    # Where somebody has widened the kernel's range over all of ours, a port of both is the best there is.
    return range(_LOWEST, highest if highest - _LOWEST >= _TRIES else _HIGHEST)


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
