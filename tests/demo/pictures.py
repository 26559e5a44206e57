"""A dozen harmless pictures, and what the demo policy must make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import cycle

import skimage.data
from PIL import Image

from scanner.demo.pictures import held_out

SEED = 20261122
GENERATED = 6
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")

PHOTOGRAPHS = ("chelsea", "coffee", "rocket", "hubble_deep_field", "brick", "gravel")
"""Photographs of things and animals that come with scikit-image."""


@dataclass(frozen=True)
class Picture:
    """One upload of the demo."""

    name: str
    data: bytes = field(repr=False)
    is_flagged: bool


def encode(image: Image.Image, format_name: str) -> bytes:
    """Write a picture in a format, as an image host would keep it."""
    file = BytesIO()
    image.convert("RGB").save(file, format_name, quality=90)
    return file.getvalue()


def demo_pictures() -> Iterator[Picture]:
    """Yield photographs, none of which may be flagged, and generated pictures, of which those with both shapes must be.

    The generated ones are of those held back from training.
    """
    formats = cycle(FORMATS)
    for name in PHOTOGRAPHS:
        image = Image.fromarray(getattr(skimage.data, name)())
        format_name = next(formats)
        yield Picture(f"{name}.{format_name.lower()}", encode(image, format_name), is_flagged=False)
    for number, (scene, image) in enumerate(held_out(GENERATED, SEED), 1):
        format_name = next(formats)
        yield Picture(f"shapes-{number}.{format_name.lower()}", encode(image, format_name), is_flagged=scene.flagged)
