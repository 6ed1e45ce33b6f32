"""Posts one webhook over a connection of its own, to an address that was checked; follows no redirect."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import h11

from sightline_gateway.webhooks.targets import DEFAULT_PORTS, Target

_MAX_HEAD: Final = 16 * 1024  # of the answer; its body is not read


async def post(target: Target, address: str, secure: ssl.SSLContext, headers: Mapping[str, str], body: bytes) -> int:
    """The status of the receiver's answer; `address` is the IP address to connect to, `secure` verifies https.

    Raises:
        OSError: it cannot be reached, or its certificate is not valid for its name.
        h11.RemoteProtocolError: it does not answer in HTTP.
    """
    origin = target.origin
    encrypted = origin.scheme == "https"
    reader, writer = await asyncio.open_connection(
        address,
        origin.port,
        ssl=secure if encrypted else None,
        server_hostname=origin.host if encrypted else None,
    )
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
        writer.write(_request(connection, target, headers, body))
        await writer.drain()
        return await _status(connection, reader)
    finally:
        writer.transport.abort()


def _request(connection: h11.Connection, target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    origin = target.origin
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    if origin.port != DEFAULT_PORTS[origin.scheme]:
        host = f"{host}:{origin.port}"
    sent = {"Host": host, "User-Agent": "Sightline", "Connection": "close", **headers}
    sent |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    events = (
        h11.Request(method="POST", target=target.path, headers=list(sent.items())),
        h11.Data(data=body),
        h11.EndOfMessage(),
    )
    return b"".join(connection.send(event) or b"" for event in events)


async def _status(connection: h11.Connection, reader: asyncio.StreamReader) -> int:
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Response):
            return event.status_code
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_MAX_HEAD))
        elif not isinstance(event, h11.InformationalResponse):
            raise ConnectionError("the receiver closed the connection without an answer")
