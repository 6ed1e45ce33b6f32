"""Whether a name server knows a name: `resolve.py SERVER NAME` exits 0 when it has an address for it.

A query by hand, so that neither a resolver library nor another of the machine's name servers has a say.
"""

import socket
import struct
import sys

_TIMEOUT_S = 2


def has_address(server: str, name: str) -> bool:
    """Ask for the name's IPv4 address. Raises OSError when the server does not answer."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(_TIMEOUT_S)
        client.sendto(query, (server, 53))
        answer = client.recv(512)
    _, flags, _, answers = struct.unpack(">HHHH", answer[:8])
    return not flags & 0xF and bool(answers)


if __name__ == "__main__":
    sys.exit(not has_address(sys.argv[1], sys.argv[2]))
