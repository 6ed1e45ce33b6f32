"""An image scaled down. Runs in the worker alone: it decodes what strangers sent."""

import io
from typing import Final

from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401 - the last registers itself, or all plugins would load

from sightline_contracts.media import InvalidImage, inspect_image
from sightline_gateway.pictures.frames import EDGE

_FORMATS: Final = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
}
_QUALITY: Final = 80


def make_thumbnail(data: bytes, max_pixels: int) -> bytes:
    """WebP of at most EDGE pixels a side, upright, without the original's metadata. Smaller images keep their size.

    Raises:
        InvalidImage: it is none of the types that we take, damaged, or has more than `max_pixels` pixels.
        MemoryError: it needs more than there is.
        Exception: decoders raise what they like.
    """
    kind = inspect_image(data, max_pixels=max_pixels).content_type
    with Image.open(io.BytesIO(data), formats=[_FORMATS[kind]]) as image:
        if image.width * image.height > max_pixels:  # a GIF's frame may be larger than its header says
            raise InvalidImage("too-many-pixels", f"{image.width} x {image.height} pixels")
        small = _with_colours(image)
        # JPEGs come out of their decoder at an eighth, quarter or half where that is still large enough.
        small.thumbnail((EDGE, EDGE), Image.Resampling.BICUBIC, reducing_gap=2.0)
        upright = _upright(small)
    buffer = io.BytesIO()
    upright.convert("RGBA" if upright.has_transparency_data else "RGB").save(buffer, "WEBP", quality=_QUALITY)
    return buffer.getvalue()


def _with_colours(image: Image.Image) -> Image.Image:
    """Palettes and bits cannot be scaled smoothly; 16 bits a pixel would be cut off instead of rounded."""
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    return image


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its camera was."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - damaged metadata raises what it likes, and the picture is good without it
        return image
