"""Frames of noise of the moment."""

from __future__ import annotations

from random import Random

import pytest

from coordinator.trust.constancy import are_unlike, sample_of
from coordinator.trust.reference import Reference, answers, draw_frames


@pytest.mark.parametrize("size", [16, 30, 64, 224, 512])
def test_reference_frames_have_the_size_and_are_unlike(size: int) -> None:
    """Every pixel of the second is brighter than any of the first."""
    dark, bright = draw_frames(Random(size).randbytes, size)
    assert len(dark) == len(bright) == 3 * size * size
    assert max(dark) < 128 <= min(bright)
    assert are_unlike(sample_of(dark), sample_of(bright))


def test_reference_frames_are_never_the_same() -> None:
    """Nobody can have the scores ready."""
    random = Random(1)
    drawn = [draw_frames(random.randbytes, 64) for _ in range(20)]
    assert len({frame for pair in drawn for frame in pair}) == 40


def test_reference_frames_have_large_shapes_and_grain() -> None:
    """Blocks of one colour, in which every pixel is a little different."""
    dark, _ = draw_frames(Random(1).randbytes, 64)
    first_block = {dark[0:3], dark[3:6], dark[6:9], dark[9:12]}
    assert len(first_block) > 1
    assert all(abs(pixel[0] - dark[0]) < 16 for pixel in first_block)


def test_answers_bind_frames_to_rows() -> None:
    """One row a frame."""
    assert answers((b"a", b"b"), [[0.1], [0.2]]) == (Reference(b"a", (0.1,)), Reference(b"b", (0.2,)))
