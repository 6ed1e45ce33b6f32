"""Signs webhooks as the Standard Webhooks specification has it, so that its libraries can verify them."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

PREFIX: Final = "whsec_"
_KEY_BYTES: Final = range(24, 65)  # what the specification allows


def parse_key(secret: str) -> bytes:
    """The key of a secret, `whsec_` and 24 to 64 bytes in base64.

    Raises:
        ValueError: it is no such secret; the message shows none of it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or len(key) not in _KEY_BYTES:
        raise ValueError('is not whsec_ and 24 to 64 bytes in base64: echo "whsec_$(openssl rand -base64 32)"')
    return key


def signed_headers(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that let the receiver verify `body`; `timestamp` in Unix seconds."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
