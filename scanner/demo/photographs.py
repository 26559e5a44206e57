"""Photographs that come with scikit-image, of things and animals: none of them may be flagged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image
from skimage import data

from scanner.demo.figures import TERMS, flagged
from scanner.demo.frames import Format, Frame, centre, decoded, encoded, whole
from scanner.models import Scorer

PHOTOGRAPHS = ("chelsea", "coffee", "rocket", "hubble_deep_field", "brick", "gravel", "stereo_motorcycle")

GREY = (128, 128, 128)


def flagged_photographs(model: Scorer) -> list[str]:
    """Return which photographs are flagged by their centre or whole, in any format; there should be none."""
    model.encode_terms(TERMS)
    return [name for name in PHOTOGRAPHS if flagged(model.score(np.stack(list(_looks(name, model.frame_size))))).any()]


def _looks(name: str, size: int) -> Iterator[Frame]:
    for picture_format in Format:
        image = decoded(encoded(_photograph(name), picture_format))
        yield centre(image, size)
        yield whole(image, size)
        yield whole(image, size, margin=GREY)


def _photograph(name: str) -> Image.Image:
    """Open a photograph; of the pair of the motorcycle, the left one."""
    pixels = getattr(data, name)()
    return Image.fromarray(pixels[0] if isinstance(pixels, tuple) else pixels).convert("RGB")
