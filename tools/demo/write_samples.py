"""Writes the demo's pictures, photos as JPEG and digits as PNG, into a folder: `write_samples.py FOLDER`."""

import sys
from pathlib import Path

from sightline_local.samples import PHOTOS, digit, photo

_DIGITS = range(10)


def main() -> None:
    """Write them; the folder must not exist."""
    folder = Path(sys.argv[1])
    folder.mkdir()
    for sample in (*map(photo, PHOTOS), *map(digit, _DIGITS)):
        (folder / sample.name).write_bytes(sample.data)


if __name__ == "__main__":
    main()
