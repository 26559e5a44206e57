"""Pictures become frames the way that uploads do."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from scanner.demo.frames import Format, centre, decoded, encoded, whole


def halves(width: int, height: int) -> Image.Image:
    """A picture whose left half is black and whose right half is white."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, width // 2 :] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize("picture_format", Format)
def test_encoded_writes_the_format(picture_format: Format) -> None:
    """Every format survives its way to a file and back, about."""
    body = encoded(halves(64, 48), picture_format)
    assert (b"JFIF" in body, b"PNG" in body, b"WEBP" in body, b"avif" in body) == tuple(
        picture_format is other for other in Format
    )
    difference = np.asarray(decoded(body)).astype(int) - np.asarray(halves(64, 48)).astype(int)
    assert np.abs(difference).mean() < 4


@pytest.mark.parametrize("size", [(300, 100), (100, 300), (64, 64), (30, 50), (1001, 667)])
def test_centre_cuts_the_central_square(size: tuple[int, int]) -> None:
    """The frame is square, and the middle of the picture is its middle."""
    frame = centre(halves(*size), 64)
    assert frame.shape == (64, 64, 3)
    assert frame.dtype == np.uint8
    assert frame[:, :28].max() < 128 < frame[:, 36:].min()


@pytest.mark.parametrize("size", [(300, 100), (100, 300)])
def test_whole_keeps_all_and_fills_up(size: tuple[int, int]) -> None:
    """All of the picture is in the frame, the rest has the margin's colour."""
    frame = whole(halves(*size), 64, margin=(9, 8, 7))
    assert frame.shape == (64, 64, 3)
    assert tuple(frame[0, 0]) == (9, 8, 7)
    assert tuple(frame[63, 63]) == (9, 8, 7)
    inside = np.any(frame != (9, 8, 7), axis=2)
    assert abs(int(inside.sum()) - 64 * 64 // 3) <= 64
