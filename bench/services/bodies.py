"""The images that are uploaded: photos, as JPEG files of exactly so many bytes."""

import io
from pathlib import Path
from typing import Final

from PIL import Image
from sklearn.datasets import load_sample_images

COUNT: Final = 8
_SEGMENT: Final = 65_533  # the longest content of a JPEG's comment
_MARKERS: Final = 4  # bytes of a comment beside its content
_QUALITIES: Final = (97, 95, 92, 88, 80, 70, 50)


def write_photos(folder: Path, size: int) -> list[Path]:
    """`COUNT` different files of `size` bytes."""
    files = []
    for number in range(COUNT):
        file = folder / f"photo-{size}-{number}.jpg"
        file.write_bytes(photo(number, size))
        files.append(file)
    return files


def photo(number: int, size: int) -> bytes:
    """One of scikit-learn's photos, cut and scaled so that a good quality fills `size` bytes."""
    pictures = load_sample_images().images
    picture = Image.fromarray(pictures[number % len(pictures)]).crop((number, number, number + 600, number + 400))
    scale = (size / 100_000) ** 0.5
    picture = picture.resize((int(600 * scale), int(400 * scale)))
    for quality in _QUALITIES:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if len(file.getvalue()) <= size - _MARKERS:
            return padded(file.getvalue(), size)
    raise ValueError(f"photo {number} does not fit into {size} bytes")


def padded(jpeg: bytes, size: int) -> bytes:
    """The file with comments after its first marker, `size` bytes in all.

    Raises:
        ValueError: what is missing is too short for a comment.
    """
    comments, missing = b"", size - len(jpeg)
    while missing:
        # Never leave a rest that no comment fits into.
        content = min(_SEGMENT, missing - _MARKERS)
        if 0 < missing - _MARKERS - content < _MARKERS:
            content -= _MARKERS
        if content < 0:
            raise ValueError(f"{size - len(jpeg)} bytes cannot be filled with comments")
        comments += b"\xff\xfe" + (content + 2).to_bytes(2) + bytes(content)
        missing -= _MARKERS + content
    return jpeg[:2] + comments + jpeg[2:]
