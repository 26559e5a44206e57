"""Send generated pictures the way that uploads go: through an image format, then to a frame."""

from __future__ import annotations

from enum import StrEnum
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frame = NDArray[np.uint8]
"""Square RGB pixels, shape (size, size, 3)."""


class Format(StrEnum):
    """Formats that pictures are sent in, as Pillow names them."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    AVIF = "AVIF"


def encoded(image: Image.Image, picture_format: Format, *, quality: int = 80) -> bytes:
    """Write a picture as the bytes of a file; `quality`, from 1 to 100, means nothing to PNG."""
    body = BytesIO()
    match picture_format:
        case Format.PNG:
            image.save(body, "PNG", compress_level=1)
        case Format.JPEG:
            image.save(body, "JPEG", quality=quality)
        case Format.WEBP:
            image.save(body, "WEBP", quality=quality, method=1)
        case Format.AVIF:
            image.save(body, "AVIF", quality=quality, speed=9)
    return body.getvalue()


def decoded(body: bytes) -> Image.Image:
    """Read a picture of our own from the bytes of a file."""
    with Image.open(BytesIO(body)) as image:
        return image.convert("RGB")


def centre(image: Image.Image, size: int) -> Frame:
    """Cut the central square after scaling the shorter side to `size` pixels, as CLIP's own preparation does."""
    scale = size / min(image.size)
    small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (small.width - size) // 2, (small.height - size) // 2
    return np.asarray(small.crop((left, top, left + size, top + size)))


def whole(image: Image.Image, size: int, *, margin: tuple[int, int, int] = (0, 0, 0)) -> Frame:
    """Scale the longer side to `size` pixels and fill up the rest with the margin's colour."""
    scale = size / max(image.size)
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    frame = Image.new("RGB", (size, size), margin)
    small = image.resize((width, height), Image.Resampling.BICUBIC)
    frame.paste(small, ((size - width) // 2, (size - height) // 2))
    return np.asarray(frame)
