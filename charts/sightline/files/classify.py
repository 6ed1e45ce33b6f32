"""`helm test`: upload an image through the gateway's Service and wait for its label. Standard library only."""

import json
import os
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Sequence
from typing import Any

ZERO = ("........", "...##...", "..#..#..", "..#..#..", "..#..#..", "..#..#..", "...##...", "........")
WAIT_S = 30  # what one request waits for the result


def png(rows: Sequence[str]) -> bytes:
    """An 8-bit gray PNG of text rows: # is white."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    pixels = b"".join(b"\0" + bytes(255 * (mark == "#") for mark in row) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    data = zlib.compress(pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def classify(url: str) -> dict[str, Any] | None:
    """The result's document, or None while there is none. The key makes a repeated upload the same image."""
    headers = {"Content-Type": "image/png", "Prefer": f"wait={WAIT_S}", "Idempotency-Key": os.environ["HOSTNAME"]}
    if key := os.environ.get("API_KEY"):
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, png(ZERO), headers)
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S + 10) as answer:
            result: dict[str, Any] | None = json.load(answer) if answer.status == 200 else None
            return result
    except urllib.error.HTTPError as error:
        problem = error.read().decode(errors="replace")
        if error.code < 500:
            sys.exit(f"the gateway refused the image: {error.code} {problem}")
        print(f"not yet: {error.code} {problem}", flush=True)
    except OSError as error:
        print(f"not yet: {error}", flush=True)
    return None


def main() -> None:
    query = urllib.parse.urlencode({"model": os.environ["MODEL"]} if os.environ["MODEL"] else {})
    url = f"{os.environ['GATEWAY']}/v1/images?{query}"
    started, result = time.monotonic(), None
    while result is None:
        if time.monotonic() - started > float(os.environ["TIMEOUT_S"]):
            sys.exit(f"no label within {os.environ['TIMEOUT_S']} s")
        result = classify(url)
        if result is None:
            time.sleep(1)
    print(json.dumps(result), flush=True)
    if result["status"] != "classified":
        sys.exit(f"the image could not be classified: {result['error']}")
    label, wanted = result["predictions"][0]["label"], os.environ["LABEL"]
    if wanted and label != wanted:
        sys.exit(f"the label is {label!r}, not {wanted!r}")
    print(f"classified as {label!r} by {result['model']['name']} after {time.monotonic() - started:.1f} s")


main()
