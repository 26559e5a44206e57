"""Pictures show their scene, and the held-out ones are always the same."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from scanner.demo.lessons import LESSON_STREAM, ORDER_STREAM
from scanner.demo.pictures import HELD_OUT_KINDS, HELD_OUT_STREAM, draw, held_out
from scanner.demo.scene import Background, Colour, Kind, Look, Scene, Shape, Thing


def picture(look: Look, size: tuple[int, int] = (300, 200)) -> Image.Image:
    """A thing in the middle of a plain background."""
    scene = Scene((Thing(look, 0.5, 0.5, 0.25, 10),), Background.PLAIN)
    return draw(scene, size, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("colour", "strongest"), [(Colour.RED, {0}), (Colour.GREEN, {1}), (Colour.BLUE, {2}), (Colour.YELLOW, {0, 1})]
)
@pytest.mark.parametrize("shape", [shape for shape in Shape if shape is not Shape.RING])
def test_draw_puts_the_colour_where_the_thing_is(colour: Colour, strongest: set[int], shape: Shape) -> None:
    """The middle of a thing has its colour: exactly the named channels are strong."""
    pixel = np.asarray(picture(Look(colour, shape)))[100, 150].astype(int)
    strong = {channel for channel in range(3) if pixel[channel] > 0.75 * pixel.max()}
    assert strong == strongest


def test_draw_leaves_a_ring_open() -> None:
    """In the middle of a ring is the background."""
    image = np.asarray(picture(Look(Colour.RED, Shape.RING)))
    np.testing.assert_array_equal(image[100, 150], image[0, 0])


def test_draw_keeps_things_in_the_central_square() -> None:
    """In a wide picture nothing is drawn beside the central square."""
    thing = Thing(Look(Colour.RED, Shape.SQUARE), 0.25, 0.75, 0.25, 0)
    image = np.asarray(draw(Scene((thing,), Background.PLAIN), (400, 200), np.random.default_rng(1)))
    different = np.any(image != image[0, 0], axis=2)
    columns, rows = np.flatnonzero(different.any(axis=0)), np.flatnonzero(different.any(axis=1))
    assert 100 <= columns.min() < columns.max() <= 200
    assert 100 <= rows.min() < rows.max() <= 200


def test_draw_repeats_itself() -> None:
    """The same scene and state give the same pixels."""
    look = Look(Colour.PURPLE, Shape.STAR)
    assert picture(look).tobytes() == picture(look).tobytes()


def test_held_out_repeats_itself() -> None:
    """A picture depends on its seed and place only, not on how many are asked for."""
    few = [(scene, image.tobytes()) for scene, image in held_out(4, seed=9)]
    many = [(scene, image.tobytes()) for scene, image in islice(held_out(100, seed=9), 4)]
    other = [(scene, image.tobytes()) for scene, image in held_out(4, seed=10)]
    assert few == many
    assert few != other


def test_held_out_is_a_quarter_near_misses() -> None:
    """A quarter are near misses, and the scenes to be flagged are those of their kind."""
    assert Counter(HELD_OUT_KINDS)[Kind.NEAR_MISS] * 4 == len(HELD_OUT_KINDS)
    flagged = [scene.flagged for scene, _ in held_out(len(HELD_OUT_KINDS), seed=9)]
    assert flagged == [kind is Kind.BOTH for kind in HELD_OUT_KINDS]


def test_held_out_shares_no_stream_with_training() -> None:
    """Even with the same seed, training draws other pictures; zero would be no number of its own for a seed."""
    streams = {HELD_OUT_STREAM, LESSON_STREAM, ORDER_STREAM}
    assert len(streams - {0}) == 3
