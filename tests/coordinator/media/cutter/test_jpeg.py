"""JPEGs at reduced size, and those that end too early."""

from __future__ import annotations

import pytest
from PIL import Image

from coordinator.media.errors import Reason, Unreadable
from tests.coordinator.media.cutter.cutting import SIZE, cut
from tests.coordinator.media.pictures import encoded, photograph, pixel

MODES = ["RGB", "L", "CMYK"]


def cut_short(body: bytes, share: float) -> bytes:
    """Return the first part of a file."""
    return body[: int(len(body) * share)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(90, 60), (900, 600)])
def test_jpeg_with_three_quarters_is_cut(mode: str, size: tuple[int, int]) -> None:
    """What is missing at the end is grey; what is there is judged."""
    body = encoded(Image.new("RGB", size, "white").convert(mode), "JPEG")
    noise = encoded(photograph("coffee", size).convert(mode), "JPEG", quality=95)
    assert cut(cut_short(noise, 0.95)).width == size[0]
    frame = cut(cut_short(body, 0.97)).frames[0]
    assert pixel(frame, SIZE, 32, 10) == (255, 255, 255)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_jpeg_with_less_is_unreadable(mode: str, share: float) -> None:
    """A JPEG of which less than three quarters decode is not judged."""
    body = encoded(photograph("coffee", (900, 600)).convert(mode), "JPEG", quality=95)
    with pytest.raises(Unreadable) as caught:
        cut(cut_short(body, share))
    assert caught.value.reason is Reason.TRUNCATED


def test_jpeg_missing_rows_are_grey() -> None:
    """The part that never came looks like neither black nor white."""
    body = encoded(photograph("gravel", (800, 800)), "JPEG", quality=95)
    frame = cut(cut_short(body, 0.85)).frames[0]
    assert pixel(frame, SIZE, 32, SIZE - 1) == pytest.approx((128, 128, 128), abs=2)


def test_jpeg_progressive_shows_all_after_first_scan() -> None:
    """A progressive JPEG that ends too early shows the whole picture, coarsely, and is judged."""
    body = encoded(photograph("coffee", (900, 600)), "JPEG", quality=90, progressive=True)
    coarse, full = cut(cut_short(body, 0.6)).frames[0], cut(body).frames[0]
    assert sum(abs(a - b) for a, b in zip(coarse, full, strict=True)) / len(full) < 12
    with pytest.raises(Unreadable):
        cut(cut_short(body, 0.02))


def test_jpeg_without_end_mark_is_whole() -> None:
    """All rows are there when only the end mark is missing."""
    body = encoded(photograph(), "JPEG")
    assert cut(body[:-2]).frames == cut(body).frames


def test_jpeg_reduced_and_full_agree() -> None:
    """Decoding at a reduced size hardly changes what a frame shows."""
    image = photograph("coffee", (2400, 1600))
    reduced = cut(encoded(image, "JPEG", quality=95)).frames[0]
    full = cut(encoded(image, "PNG", compress_level=1)).frames[0]
    assert sum(abs(a - b) for a, b in zip(reduced, full, strict=True)) / len(full) < 3
