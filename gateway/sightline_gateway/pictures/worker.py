"""The process that decodes images for thumbnails: the gateway's only decoder, confined and replaceable.

`python -m sightline_gateway.pictures.worker MEMORY PIXELS` reads images from its input and answers each on its output,
as `frames` has it. It ends with its input.
"""

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image

from sightline_contracts.media import InvalidImage
from sightline_gateway.pictures.frames import ANSWER_HEAD, IMAGE_HEAD, NONE, THUMBNAIL
from sightline_gateway.pictures.thumbnail import make_thumbnail

_NICE: Final = 10  # uploads and results go first
_WORST: Final = "1000"  # when memory runs out, the kernel ends this process and not the gateway


def main() -> None:
    """Answer until the input ends; MEMORY is in bytes."""
    memory, max_pixels = map(int, sys.argv[1:])
    confine(memory)
    Image.MAX_IMAGE_PIXELS = None  # ours is looked at before Pillow is
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := _read(requests, IMAGE_HEAD.size):
        data = _read(requests, IMAGE_HEAD.unpack(head)[0])
        kind, content = answer(data, max_pixels)
        answers.write(ANSWER_HEAD.pack(kind, len(content)) + content)
        answers.flush()


def answer(data: bytes, max_pixels: int) -> tuple[bytes, bytes]:
    """Kind and content of the answer to an image; whatever it contains, there is one."""
    try:
        return THUMBNAIL, make_thumbnail(data, max_pixels)
    except InvalidImage as error:
        reason = error.detail
    except MemoryError:
        reason = "it takes more memory than a thumbnail may (SIGHTLINE_GATEWAY_THUMBNAIL_WORKER_BYTES)"
    except Exception as error:  # noqa: BLE001 - decoders raise what they like: OSError, SyntaxError, struct.error
        # Who wants to know more finds in the log what the decoder said.
        reason = f"it cannot be decoded: its data is damaged, or of a kind that we do not read\n{error!r:.200}"
    return NONE, reason.encode()


def confine(memory: int) -> None:
    """Give up what scaling does not need: memory beyond `memory` bytes, writing files, more processes, precedence.

    Reading files and opening connections stay: no limit takes them away.
    """
    with suppress(OSError):  # a kernel without it ends whom it likes
        Path("/proc/self/oom_score_adj").write_text(_WORST, encoding="ascii")
    os.nice(_NICE)
    bounds = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,  # nor threads; root is not bound by it
    }
    for limit, most in bounds.items():
        resource.setrlimit(limit, (most, most))


def _read(stream: BinaryIO, size: int) -> bytes:
    """Exactly `size` bytes; none at the end of the stream, where a gateway that was killed may leave half a frame."""
    data = stream.read(size)
    return data if len(data) == size else b""


if __name__ == "__main__":
    main()
