"""Backgrounds have the size asked for and come from numbers alone."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from scanner.demo.backgrounds import draw_background, hsv, muted_colour
from scanner.demo.scene import Background


@pytest.mark.parametrize("background", Background)
@pytest.mark.parametrize("size", [(96, 96), (321, 200), (100, 640)])
def test_draw_background_has_the_size_asked_for(background: Background, size: tuple[int, int]) -> None:
    """Every background fills wide, tall and square pictures."""
    for seed in range(5):
        image = draw_background(background, size, np.random.default_rng(seed))
        assert (image.size, image.mode) == (size, "RGB")


@pytest.mark.parametrize("background", Background)
def test_draw_background_repeats_itself(background: Background) -> None:
    """Two generators in the same state draw the same picture, in other states another one."""
    first, again, other = (
        draw_background(background, (120, 80), np.random.default_rng(seed)).tobytes() for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_muted_colour_is_no_colour_of_a_caption() -> None:
    """Colours of clutter are far less saturated than those that captions name, or dark or greyish."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        red, green, blue = muted_colour(rng)
        _, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
        assert saturation <= 0.7
        assert value <= 0.9


def test_hsv_wraps_around() -> None:
    """Hues just below zero are reds."""
    assert hsv(0.0, 1.0, 1.0) == (255, 0, 0)
    assert hsv(-0.01, 1.0, 1.0) == hsv(0.99, 1.0, 1.0)
