"""Decode JPEGs at a reduced size where that is enough, and those that end too early as far as they go."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, JpegImagePlugin, _imaging

from coordinator.media.errors import Reason, Unreadable

_LEAST_DECODED = 0.75
"""How much of a JPEG that ends too early has to be there."""
_UNTOUCHED: dict[str, float | tuple[float, ...]] = {"L": 1, "RGB": (1, 254, 2), "CMYK": (1, 254, 2, 254)}
"""What a JPEG is decoded onto: a row that is of this colour from end to end was never decoded."""
_START_OF_SCAN = b"\xff\xda"
_END_OF_IMAGE = b"\xff\xd9"


def loaded(image: JpegImagePlugin.JpegImageFile, body: bytes, least: tuple[int, int]) -> JpegImagePlugin.JpegImageFile:
    """Return `image`, opened from `body`, decoded at an eighth, a quarter or half if not below `least`, or in full.

    Raises Unreadable when less than three quarters of it can be decoded, and what `pillow.DAMAGE` names.
    """
    image.draft(None, least)
    colour = _UNTOUCHED.get(image.mode)
    if colour is None:
        raise Unreadable(Reason.DOES_NOT_DECODE)
    image.im = _imaging.fill(image.mode, image.size, colour)
    try:
        image.load()
    except OSError:
        return _as_far_as_decoded(image, body, least)
    return image


def _as_far_as_decoded(
    image: JpegImagePlugin.JpegImageFile, body: bytes, least: tuple[int, int]
) -> JpegImagePlugin.JpegImageFile:
    # What there is of it counts as loaded from here on.
    image.tile = []
    ground = Image.new(image.mode, image.size, _UNTOUCHED[image.mode])
    box = ImageChops.difference(image, ground).getbbox()
    rows = box[3] if box else 0
    # A progressive picture is all there, if coarse, after its first scan; libjpeg shows none of it before an end.
    coarse = not rows and body.count(_START_OF_SCAN) > 1
    if not coarse and rows < image.height * _LEAST_DECODED:
        raise Unreadable(Reason.TRUNCATED)
    try:
        return _ended(body, least)
    except OSError:
        if coarse:
            raise
        image.paste("grey", (0, rows, image.width, image.height))
        return image


def _ended(body: bytes, least: tuple[int, int]) -> JpegImagePlugin.JpegImageFile:
    """Return the picture decoded with an end mark after it, for which libjpeg fills in what is missing."""
    image = Image.open(io.BytesIO(body + _END_OF_IMAGE), formats=["JPEG"])
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    image.draft(None, least)
    image.load()
    return image
