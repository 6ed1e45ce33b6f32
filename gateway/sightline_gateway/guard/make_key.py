"""`sightline-key`: makes an API key and adds its hash to the file that the gateway reads."""

import argparse
import os
import sys
from pathlib import Path

from sightline_gateway.guard.callers import parse_scopes
from sightline_gateway.guard.keys import make_key, parse_keys

_ABOUT = """\
Make an API key. The key itself goes to standard output and is kept nowhere; its hash is appended to the file.
To revoke a key, delete its line: the gateway notices within a second. A new file is its owner's alone: where the
gateway is another user, as in a container, let that one read it.
"""


def main() -> None:
    """Exit status 2 when the arguments or the file are not usable."""
    file = os.environ.get("SIGHTLINE_GATEWAY_KEYS_FILE") or None
    parser = argparse.ArgumentParser(prog="sightline-key", description=_ABOUT)
    parser.add_argument("name", help="whose key it is, for people")
    parser.add_argument("--scopes", default="upload,read", help="upload, read, admin (default: %(default)s)")
    parser.add_argument(
        "--file", type=Path, default=file, help="file of keys (default: SIGHTLINE_GATEWAY_KEYS_FILE); - shows the line"
    )
    asked = parser.parse_args()
    if asked.file is None:
        parser.error("name the file: --file, or SIGHTLINE_GATEWAY_KEYS_FILE")
    if not asked.name.strip().isprintable() or not asked.name.strip():
        parser.error("the name has to be printable")
    try:
        scopes = parse_scopes(asked.scopes)
    except ValueError:
        parser.error("--scopes takes upload, read and admin, with commas between them")
    key, entry = make_key(asked.name.strip(), scopes)
    try:
        _append(Path(asked.file), entry.line())
    except (OSError, ValueError) as error:
        parser.error(f"{asked.file} cannot be used: {error}")
    sys.stdout.write(f"{key}\n")


def _append(file: Path, line: str) -> None:
    if str(file) == "-":
        sys.stderr.write(f"{line}\n")
        return
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    parse_keys(text)  # nothing is added to a file of something else
    # It says who may do what, which is nobody else's business; a file that exists keeps whom it was opened to.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as keys:
        keys.write(("" if not text or text.endswith("\n") else "\n") + f"{line}\n")


if __name__ == "__main__":
    main()
