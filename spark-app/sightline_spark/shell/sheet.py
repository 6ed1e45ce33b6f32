"""A contact sheet: the images of a frame as thumbnails with their captions, one picture."""

import io
from collections.abc import Callable, Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError
from pyspark.sql import DataFrame

_PADDING: Final = 8
_LINE: Final = 16
_INK: Final = "#1f2933"
_PAPER: Final = "#ffffff"
_EMPTY: Final = "#d9dee3"
# What the engine decodes: else the bytes choose the decoder, and Pillow gives PostScript to a program.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_MOST_PIXELS: Final = 100_000_000  # of an image that is decoded here; the tile of a larger one stays empty


def contact_sheet(
    frame: DataFrame,
    *,
    content: str = "content",
    caption: str | None = None,
    columns: int = 6,
    most: int = 36,
    size: int = 160,
) -> Image.Image:
    """The first images of `frame` as one picture: a notebook shows it, `.save("sheet.png")` keeps it.

    Args:
        frame: has a column of image files' bytes; its `most` first rows come to this process, whole.
        content: that column.
        caption: column, or SQL expression, of what stands below each image (default: `label`, else `name`, else
            nothing).
        columns: images side by side.
        most: images in all.
        size: pixels of a tile's side.

    Raises:
        ValueError: a number is below 1.
    """
    if min(columns, most, size) < 1:
        raise ValueError("columns, most and size are at least 1")
    if caption is None:
        caption = next((name for name in ("label", "name") if name in frame.columns), "''")
    rows = frame.selectExpr(f"`{content}` AS content", f"CAST({caption} AS STRING) AS caption").limit(most).collect()
    return _sheet([(row.content, row.caption or "") for row in rows], columns, size)


def _sheet(tiles: Sequence[tuple[bytes | None, str]], columns: int, size: int) -> Image.Image:
    across = max(1, min(columns, len(tiles)))
    down = -(-len(tiles) // across)
    step, rise = size + _PADDING, size + _LINE + _PADDING
    sheet = Image.new("RGB", (across * step + _PADDING, max(down, 1) * rise + _PADDING), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=12)
    for number, (content, caption) in enumerate(tiles):
        x, y = _PADDING + number % across * step, _PADDING + number // across * rise
        tile = _thumbnail(bytes(content or b""), size)
        if tile is None:
            draw.rectangle((x, y, x + size - 1, y + size - 1), fill=_EMPTY)
        else:
            sheet.paste(tile, (x + (size - tile.width) // 2, y + (size - tile.height) // 2))
        draw.text((x, y + size + 2), _cut(caption, size, font.getlength), fill=_INK, font=font)
    return sheet


def _thumbnail(content: bytes, size: int) -> Image.Image | None:
    """The image within a square of `size`; None when it cannot be decoded."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            image.draft("RGB", (size, size))
            upright = _upright(image).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return None  # Pillow's words for a file that it cannot read
    return ImageOps.contain(upright, (size, size))


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its camera was."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - damaged metadata raises what it likes, and the picture is good without it
        return image


def _cut(text: str, width: int, length: Callable[[str], float]) -> str:
    """As much of the text's first line as fits."""
    line = " ".join(text.split())
    if length(line) <= width:
        return line
    while line and length(f"{line}…") > width:
        line = line[:-1]
    return f"{line}…"
