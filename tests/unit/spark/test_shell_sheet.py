"""Which bytes a contact sheet decodes."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageColor, ImageOps

from sightline_spark.shell.sheet import _EMPTY, _sheet


def test_bytes_that_are_no_picture_of_the_engines_formats_stay_grey(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Dead letters hold what anybody sent: PostScript went to Ghostscript wherever that was installed."""
    ran = tmp_path / "ran"
    ghostscript = tmp_path / "gs"
    ghostscript.write_text(f"#!/bin/sh\ntouch {ran}\n")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    written = io.BytesIO()
    Image.new("RGB", (40, 40), "#ff0000").save(written, "EPS")
    sheet = _sheet([(written.getvalue(), "")], 1, 100)
    assert not ran.exists()
    assert sheet.getpixel((58, 58)) == ImageColor.getrgb(_EMPTY)


def test_damaged_metadata_costs_neither_the_picture_nor_the_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's decoders raise what they like."""

    def damaged(_image: Image.Image) -> Image.Image:
        raise KeyError("Orientation")

    monkeypatch.setattr(ImageOps, "exif_transpose", damaged)
    written = io.BytesIO()
    Image.new("RGB", (40, 40), "#ff0000").save(written, "PNG")
    assert _sheet([(written.getvalue(), "")], 1, 100).getpixel((58, 58)) == (255, 0, 0)
