"""Which idempotency keys are in use at this moment: two images under one key must not pass each other."""

from collections.abc import Iterator
from contextlib import contextmanager

from sightline_contracts.ids import key_part
from sightline_gateway.problems import Problem


class KeysInUse:
    """Bounded by the requests being answered. Belongs to the event loop."""

    def __init__(self) -> None:
        self._held: dict[str, list[str]] = {}

    @contextmanager
    def held(self, image_id: str | None) -> Iterator[None]:
        """Keep images with other bytes away from the key of `image_id`; the same one may come many times.

        None: the image has no key. Its id is made of the time, and begins as those of the same millisecond do.

        Raises:
            Problem: another image holds the key.
        """
        if image_id is None:
            yield
            return
        part = key_part(image_id)
        holders = self._held.setdefault(part, [])
        if holders and holders[0] != image_id:
            raise key_reused(holders[0])
        holders.append(image_id)
        try:
            yield
        finally:
            holders.pop()
            if not holders:
                del self._held[part]


def key_reused(image_id: str) -> Problem:
    """The refusal of bytes under the key that image `image_id` came under."""
    return Problem("key-reused", f"the key was used for other bytes: image {image_id}", members={"image": image_id})
