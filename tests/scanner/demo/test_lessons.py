"""Lessons pair frames with what is true of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.demo.lessons import make_lessons, make_texts
from scanner.demo.scene import BLUE_SQUARE, LOOKS, RED_DISC, SWAPPED, Look


def showing(*looks: Look) -> NDArray[np.bool_]:
    """What is known of a frame that shows exactly these."""
    return np.array([look in looks for look in LOOKS])


def test_make_lessons_does_not_depend_on_the_number_of_processes() -> None:
    """One process and two draw the same lessons."""
    one, two = (make_lessons(130, frame_size=64, seed=4, workers=workers) for workers in (1, 2))
    np.testing.assert_array_equal(one.frames, two.frames)
    np.testing.assert_array_equal(one.shows, two.shows)
    assert one.frames.shape == (130, 64, 64, 3)
    assert one.shows.shape == (130, len(LOOKS))
    assert one.shows.any(axis=1).mean() > 0.5


def test_make_texts_knows_what_is_true() -> None:
    """Single looks are true where they are seen; a pair where both are; swapped colours make it false."""
    shows = np.stack([showing(RED_DISC, BLUE_SQUARE), showing(RED_DISC), showing(*SWAPPED), showing()])
    texts = make_texts(shows, 4, np.random.default_rng(1))
    truth = texts.truth(shows)
    assert truth.shape == (4, len(LOOKS) + 4)
    np.testing.assert_array_equal(truth[:, : len(LOOKS)], shows)
    for column, caption in enumerate(texts.captions[len(LOOKS) :], start=len(LOOKS)):
        is_swapped = all(str(look) in caption for look in SWAPPED)
        expected = [not is_swapped, False, is_swapped, False]
        assert truth[:, column].tolist() == expected, caption


def test_make_texts_makes_do_with_lonely_things() -> None:
    """Where no frame shows two things there are no pairs to name."""
    texts = make_texts(np.stack([showing(RED_DISC), showing()]), 8, np.random.default_rng(1))
    assert len(texts.captions) == len(LOOKS)
