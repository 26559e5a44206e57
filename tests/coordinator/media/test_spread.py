"""Moments over the length of an animation."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.media.spread import MOST_MOMENTS, ORDER, spread


@given(st.integers(1, 100_000))
def test_spread_covers_the_length(count: int) -> None:
    """First and last are always among at most eight different places, and no gap is wider than it has to be."""
    places = spread(count)
    assert places[0] == 0
    assert {0, count - 1} <= set(places)
    assert len(places) == len(set(places)) == min(count, MOST_MOMENTS)
    ordered = sorted(places)
    gaps = [after - before for before, after in pairwise(ordered)]
    assert all(gap <= (count - 1) / (MOST_MOMENTS - 1) + 1 for gap in gaps)


def test_spread_order_is_first_middle_last() -> None:
    """The first three places are the beginning, the middle and the end."""
    assert spread(71)[:3] == (0, 40, 70)
    assert sorted(ORDER) == list(range(MOST_MOMENTS))


def test_spread_of_nothing_is_refused() -> None:
    """There is no moment in an animation without frames."""
    with pytest.raises(ValueError, match="no frames"):
        spread(0)
