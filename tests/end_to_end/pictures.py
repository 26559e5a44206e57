"""Pictures whose answers are known in advance, and some that nobody should decode."""

from __future__ import annotations

import io
import itertools
from functools import cache

from PIL import Image, PngImagePlugin

BRIGHT, DARK = 255, 0
"""Shades that the test policy flags and passes."""

SIDE_PX = 256
"""Square, so that the whole picture is one look."""

_numbers = itertools.count()


def picture(shade: int, *, padding_bytes: int = 0) -> bytes:
    """Return a PNG of one shade of grey, 0 to 255; no two calls return the same bytes."""
    text = PngImagePlugin.PngInfo()
    text.add_text("number", str(next(_numbers)))
    if padding_bytes:
        text.add_text("padding", "x" * padding_bytes)
    file = io.BytesIO()
    Image.new("RGB", (SIDE_PX, SIDE_PX), (shade, shade, shade)).save(file, "PNG", pnginfo=text)
    return file.getvalue()


def dark() -> bytes:
    """Return a picture that passes."""
    return picture(DARK)


def bright() -> bytes:
    """Return a picture that is flagged."""
    return picture(BRIGHT)


def broken() -> bytes:
    """Return what begins as a PNG and does not decode."""
    return dark()[:60]


def wide_claim() -> bytes:
    """Return a PNG of 60 bytes that claims 100,000 pixels a side."""
    whole = bytearray(dark())
    whole[16:24] = (100_000).to_bytes(4, "big") * 2
    return bytes(whole)


@cache
def bomb() -> bytes:
    """Return a progressive JPEG of 0.3 MB whose scans take two minutes of processor time to decode.

    Each repeats the last scan of an even picture: 66 bytes, and every block of the picture for the decoder, which takes
    29 ms on a slow core.
    """
    file = io.BytesIO()
    Image.new("L", (6_000, 6_000), 128).save(file, "JPEG", progressive=True)
    whole = file.getvalue()
    last = whole.rindex(b"\xff\xda")
    scan = whole[last:-2]
    return whole[:last] + scan * 4_000 + whole[-2:]
