"""Make harmless pictures: photographs of things and animals that scikit-image carries, and generated shapes."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import pillow_jxl  # noqa: F401 -- teaches Pillow to write JPEG XL
import skimage.data
from PIL import Image, ImageDraw

PHOTOGRAPHS = ("chelsea", "coffee", "rocket")


@lru_cache
def photograph(name: str = "chelsea", size: tuple[int, int] | None = None) -> Image.Image:
    """Return a photograph as RGB, resized if `size` is given; not to be written to."""
    image = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    return image if size is None else image.resize(size, Image.Resampling.LANCZOS)


def halves(size: tuple[int, int], left: str, right: str) -> Image.Image:
    """Return a picture with two colours side by side."""
    image = Image.new("RGB", size, left)
    ImageDraw.Draw(image).rectangle((size[0] // 2, 0, size[0], size[1]), fill=right)
    return image


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """Return `image` as a file of the format that Pillow calls `form`."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def pixel(frame: bytes, size: int, x: int, y: int) -> tuple[int, int, int]:
    """Return the RGB levels at a place of a frame."""
    at = (y * size + x) * 3
    return frame[at], frame[at + 1], frame[at + 2]
