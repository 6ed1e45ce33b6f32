"""What schemathesis sends as an image, loaded by it: random bytes alone never got past the first check of a file."""

import schemathesis
from hypothesis import strategies as st

from tests.unit.gateway.process import image_bytes

_WHOLE = [image_bytes(kind) for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP")]
_CUT = [file[:-9] for file in _WHOLE]
_OTHER = [b"", b"hello, world", b"PK\x03\x04" + bytes(60)]

for media_type in ("image/*", "application/octet-stream"):
    schemathesis.openapi.media_type(media_type, st.sampled_from(_WHOLE + _CUT + _OTHER) | st.binary(max_size=100))
