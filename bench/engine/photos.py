"""The photos that go through decoders and topics: scikit-learn's two, cut 32 ways each, as JPEG files."""

import io
from functools import cache
from pathlib import Path
from typing import Final

from bench.engine.subjects import cut

COUNT: Final = 64
# About 100 kB a file at 640 x 427: what a camera's own small size is like.
_QUALITY: Final = 92


@cache
def photos() -> tuple[bytes, ...]:
    """The files, all different."""
    return tuple(_jpeg(number) for number in range(COUNT))


def photo_folder(folder: Path) -> Path:
    """The same as files in a folder of their own, by number."""
    place = folder / "photos"
    place.mkdir(parents=True, exist_ok=True)
    for number, payload in enumerate(photos()):
        (place / f"{number:02}.jpg").write_bytes(payload)
    return place


def _jpeg(number: int) -> bytes:
    file = io.BytesIO()
    cut(number).resize((640, 427)).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
