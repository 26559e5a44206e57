"""Geometry of frames."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from coordinator.media.cutter.picture import boxed, centre, fitted, hides_over_white, pixels, take, tiles, whole

SIZE = 32
SIDES = st.integers(1, 700)


@settings(deadline=None, max_examples=200)
@given(SIDES, SIDES, st.sampled_from([1, 2, 4, 8]))
def test_every_shape_can_be_cut(width: int, height: int, reduced: int) -> None:
    """Whatever its shape, and however much the decoder left out, a picture has frames of the right size."""
    stored = Image.new("RGB", (-(-width // reduced), -(-height // reduced)), "red")
    picture = take(stored, width=width, height=height, size=SIZE, reduced=reduced)
    frames = [centre(picture, SIZE), whole(picture, SIZE), *tiles(picture, SIZE)]
    assert all(frame.size == (SIZE, SIZE) for frame in frames)
    assert pixels(frames[0]) == b"\xff\x00\x00" * SIZE * SIZE


@given(SIDES, SIDES)
def test_fitted_keeps_the_shape(width: int, height: int) -> None:
    """The longer side is as long as the frame, and the shorter one in proportion, though never nothing."""
    wide, high = fitted(width, height, SIZE)
    assert max(wide, high) == SIZE
    assert min(wide, high) == max(1, round(SIZE * min(width, height) / max(width, height)))


def test_boxed_puts_it_in_the_middle() -> None:
    """What is smaller than the frame stands in its middle, on black."""
    frame = boxed(Image.new("RGB", (8, 4), "white"), 8)
    assert [frame.getpixel((4, y)) for y in (1, 2, 5, 6)] == [(0, 0, 0), (255, 255, 255), (255, 255, 255), (0, 0, 0)]


def test_take_reduces_only_as_far_as_frames_need() -> None:
    """A large picture is reduced by averaging, and keeps twice the resolution of its frames."""
    large = take(Image.new("RGB", (1000, 700)), width=1000, height=700, size=SIZE)
    assert large.reduced == 10
    assert min(large.image.size) >= 2 * SIZE
    assert take(Image.new("RGB", (100, 70)), width=100, height=70, size=SIZE).reduced == 1


@pytest.mark.parametrize(
    ("fill", "hidden"),
    [("white", True), ("ivory", True), ("navy", False), ("grey", False), ((255, 255, 255, 40), True)],
)
def test_hides_over_white(fill: str | tuple[int, ...], hidden: bool) -> None:
    """White hides what is as light as it is."""
    frame = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    ImageDraw.Draw(frame).rectangle((8, 8, 20, 20), fill=fill)
    assert hides_over_white(frame) is hidden


def test_hides_nothing_without_transparency() -> None:
    """An opaque picture hides nothing, however light, nor does an empty one."""
    assert not hides_over_white(Image.new("RGB", (SIZE, SIZE), "white"))
    assert not hides_over_white(Image.new("RGBA", (SIZE, SIZE), "white"))
    assert not hides_over_white(Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0)))
