"""Work out the PDQ of a picture: 256 bits that a resized or re-encoded copy shares but for a few, and their quality.

Written from Meta's paper "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019); a test
compares it with what Meta's own program says. The only module of the limited process that needs NumPy, and loaded only
where somebody wants to know.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, TypeAlias

# One thread: the library would start as many as there are processors, each with memory of its own.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from coordinator.media.looks import PDQ_BYTES, Likeness

Floats: TypeAlias = NDArray[np.floating[Any]]

_MOST_SIDE = 512
"""Pictures are reduced to this first, as others do who make lists: it changes a bit or two."""
_GRID = 64
_FREQUENCIES = 16
_BOX_PASSES = 2
"""Two boxes after one another make a tent."""
_FULL_QUALITY = 90
"""Sum of the steps between neighbours in the grid, in hundredths of the range, that counts as 1 % of quality."""


def likeness_of(image: Image.Image) -> Likeness:
    """Return the PDQ of a picture in any mode without transparency, and its quality from 0 (even) to 100."""
    wide, high = min(image.width, _MOST_SIDE), min(image.height, _MOST_SIDE)
    if (wide, high) != image.size:
        image = image.resize((wide, high), Image.Resampling.BOX)
    levels = np.frombuffer(image.convert("L").tobytes(), np.uint8).reshape(high, wide).astype(np.float32)
    grid = _reducer(high) @ levels @ _reducer(wide).T
    waves = _cosines() @ grid @ _cosines().T
    flat = waves.ravel()
    # The lower of the two in the middle, so that half of the bits are set whatever the picture.
    middle = np.partition(flat, flat.size // 2 - 1)[flat.size // 2 - 1]
    # The first coefficient is the last bit.
    bits = np.packbits(flat > middle, bitorder="little").tobytes()[::-1]
    assert len(bits) == PDQ_BYTES
    return Likeness(bits, _quality(grid))


def _quality(grid: Floats) -> int:
    steps = sum(np.abs(np.trunc(np.diff(grid, axis=axis) * 100 / 255)).sum() for axis in (0, 1))
    return min(100, int(steps) // _FULL_QUALITY)


@lru_cache(maxsize=64)
def _reducer(length: int) -> Floats:
    """Return the matrix that blurs a line of pixels and takes 64 of them: (64, length)."""
    window = -(-length // (2 * _GRID))
    ahead = (window + 2) // 2
    places = np.arange(length)
    offsets = places[np.newaxis, :] - places[:, np.newaxis]
    box = ((offsets >= ahead - window) & (offsets < ahead)).astype(np.float32)
    # At the ends the box is smaller, and an average all the same.
    box /= box.sum(axis=1, keepdims=True)
    taken = ((np.arange(_GRID) + 0.5) * length / _GRID).astype(int)
    reducer: Floats = np.linalg.matrix_power(box, _BOX_PASSES)[taken]
    return reducer


@lru_cache(maxsize=1)
def _cosines() -> Floats:
    """Return the lowest frequencies but the constant of the discrete cosine transform of 64 points: (16, 64)."""
    rows, columns = np.arange(1, _FREQUENCIES + 1)[:, np.newaxis], np.arange(_GRID)[np.newaxis, :]
    waves: Floats = np.sqrt(2 / _GRID) * np.cos(np.pi / (2 * _GRID) * rows * (2 * columns + 1))
    return waves.astype(np.float32)
