"""Image ids: UUID text, time-ordered by default, derived from what was sent when a retry must give the same id.

A time-ordered id ends in check digits, by which everyone can tell without asking that a gateway or bridge made it.
"""

import hashlib
import re
from typing import Final
from uuid import UUID

import uuid_utils

from sightline_contracts.media import Payload

_UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_KEY_PART: Final = len("00000000-0000-8000-8000-")
_KEY_BYTES: Final = 10
_TAIL_BYTES: Final = 6
# 24 bits. More, and too few random ones (50) are left to keep ids of one millisecond apart; fewer, and more ids that
# nobody made (now 1 in 16.8 million) pass for ours.
_CHECK_DIGITS: Final = 6


def new_image_id() -> str:
    """A new UUIDv7 (RFC 9562): unique without coordination, ordered by time, and `is_issued`."""
    head = str(uuid_utils.uuid7())[:-_CHECK_DIGITS]
    return head + _check_digits(head)


def is_issued(text: str) -> bool:
    """Whether `new_image_id` made `text`: its last six digits are the first of the SHA-256 of all before them.

    They are no signature: who knows the rule can make such ids.
    """
    return image_id_time(text) is not None and text.endswith(_check_digits(text[:-_CHECK_DIGITS]))


def image_id_from_key(namespace: str, key: str, payload: Payload) -> str:
    """The UUIDv8 that belongs to `payload` sent under `key`, the same on every replica.

    Its last 48 bits tell payloads apart, the 74 before them keys: whoever knows a result of one payload sees by the id
    alone that another one came under its key. `namespace` keeps the keys of different doors apart ("http", "tcp");
    neither part is limited in length.
    """
    return _keyed_id(namespace, key, hashlib.sha256(payload).digest()[:_TAIL_BYTES])


def image_id_from_checksum(namespace: str, key: str, checksum: int) -> str:
    """The same for a payload whose 32-bit `checksum` is known: the id's last eight digits are the checksum.

    It spares a second pass over the payload. Equal ids of different payloads are one in 2**32 by accident, and no work
    for who wants them: `key` has to name something that only one sender numbers.
    """
    return _keyed_id(namespace, key, checksum.to_bytes(_TAIL_BYTES))


def key_part(image_id: str) -> str:
    """What all ids of one key begin with, and no others."""
    return image_id[:_KEY_PART]


def is_image_id(text: str) -> bool:
    """Whether `text` is an image id in its one spelling (lower case, hyphens)."""
    return _UUID_TEXT.fullmatch(text) is not None


def image_id_time(text: str) -> int | None:
    """When the id was made, in Unix ms by its maker's clock; None when it does not tell (a key's id, or no id)."""
    tells = is_image_id(text) and text[14] == "7"
    return int(text[:8] + text[9:13], 16) if tells else None


def _keyed_id(namespace: str, key: str, tail: bytes) -> str:
    of_key = hashlib.sha256(f"{len(namespace)}:{namespace}{key}".encode()).digest()
    bits = int.from_bytes(of_key[:_KEY_BYTES] + tail) & ~(0xF << 76) & ~(0x3 << 62)
    return str(UUID(int=bits | 0x8 << 76 | 0x2 << 62))


def _check_digits(head: str) -> str:
    return hashlib.sha256(head.encode()).hexdigest()[:_CHECK_DIGITS]
