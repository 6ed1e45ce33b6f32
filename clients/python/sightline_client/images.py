"""Image files as they are sent: their bytes and the name that goes with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline_client.errors import UnreadableImage

Source = str | Path | bytes
SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"})
# What a gateway takes of one request by default. A larger file would fill our memory only to be refused.
MAX_FILE_BYTES: Final = 256 * 1024 * 1024
MAX_NAME_BYTES: Final = 255  # the gateway's own limit


@dataclass(frozen=True, slots=True)
class Image:
    """The bytes of an image file; `name` is sent with it."""

    data: bytes
    name: str | None


def read_image(source: Source) -> Image:
    """The image at a path, or `source` itself when it is bytes.

    Raises:
        UnreadableImage: the file cannot be read or has more than MAX_FILE_BYTES.
    """
    if isinstance(source, bytes):
        return Image(source, None)
    path = Path(source)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UnreadableImage(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableImage(f"{path} has more than {MAX_FILE_BYTES} bytes")
    return Image(data, _sendable(path.name))


def find_images(paths: Iterable[Path]) -> list[Path]:
    """The files to send: a file as it is, of a folder all files below it with an image's suffix, by name.

    Raises:
        UnreadableImage: a path does not exist, or a folder holds no image.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
            if not inside:
                raise UnreadableImage(f"{path} holds no file named {', '.join(sorted(SUFFIXES))}")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise UnreadableImage(f"{path} does not exist")
    return found


def _sendable(name: str) -> str | None:
    """`name` as the gateway takes it: printable, within its limit; None when nothing is left."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return printable.encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip() or None
