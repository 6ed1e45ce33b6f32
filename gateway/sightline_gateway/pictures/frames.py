"""What goes through the pipes of the worker."""

import struct
from typing import Final

EDGE: Final = 360  # longer side of a thumbnail in pixels: a tile of 180 on a screen of double density
IMAGE_HEAD: Final = struct.Struct(">I")  # length of the image that follows
ANSWER_HEAD: Final = struct.Struct(">cI")  # kind and length of the content that follows
MOST_ANSWER: Final = 1024 * 1024  # of content: EDGE x EDGE pixels take half of it uncompressed; more is no answer
THUMBNAIL: Final = b"t"  # the content is WebP
NONE: Final = b"n"  # the content says why, in UTF-8; behind a line feed, what the decoder said
