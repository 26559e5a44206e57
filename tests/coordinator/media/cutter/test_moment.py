"""Moments that are told apart."""

from __future__ import annotations

from PIL import Image

from coordinator.media.cutter.moment import Moments
from coordinator.media.spread import MOST_MOMENTS

SIZE = 64


def shown(moments: Moments, colour: tuple[int, int, int], at_ms: int = 0) -> int:
    """Return how many frames a moment of one colour gives."""
    return len(list(moments.cut(Image.new("RGB", (SIZE, SIZE), colour), 0, at_ms)))


def test_moments_drop_what_was_seen() -> None:
    """A moment like any before it gives no frame; one that differs by enough does."""
    moments = Moments()
    assert [shown(moments, (level, 0, 0)) for level in (0, 7, 8, 1, 20, 15)] == [1, 0, 1, 0, 1, 0]


def test_moments_are_at_most_eight() -> None:
    """However many moments are offered, eight are taken."""
    moments = Moments()
    assert sum(shown(moments, (level * 12, 0, 0)) for level in range(20)) == MOST_MOMENTS
