"""Pictures whose answers are known in advance, and some that nobody should decode."""

from __future__ import annotations

import io
import itertools
import zlib
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


def animation(shade: int, *, moments: int = 32) -> bytes:
    """Return a GIF of so many moments, all of one shade, that differ in one corner."""
    # Behind the end, where no decoder looks: its comment is not always written.
    return _animated("GIF", shade, moments) + str(next(_numbers)).encode()


def cut_off(shade: int) -> bytes:
    """Return an animated PNG, all of one shade, whose end is missing: it is judged in part, each time."""
    whole = _animated("PNG", shade, moments=32)
    return whole[: len(whole) // 2]


def broken() -> bytes:
    """Return what begins as a PNG and does not decode."""
    return dark()[:60]


def wide_claim() -> bytes:
    """Return a small PNG that claims 100,000 pixels a side."""
    whole = bytearray(dark())
    whole[16:24] = (100_000).to_bytes(4, "big") * 2
    whole[29:33] = zlib.crc32(whole[12:29]).to_bytes(4, "big")
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


def _animated(form: str, shade: int, moments: int) -> bytes:
    file = io.BytesIO()
    pictures = [Image.new("L", (SIDE_PX, SIDE_PX), shade) for _ in range(moments)]
    for number, moment in enumerate(pictures):
        moment.paste(255 - shade, (SIDE_PX - 64, SIDE_PX - 64 + number, SIDE_PX, SIDE_PX))
    pictures[0].save(file, form, save_all=True, append_images=pictures[1:], duration=100)
    return file.getvalue()
