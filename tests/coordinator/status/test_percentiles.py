"""Percentiles are values that were there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.status.percentiles import percentile


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.95, 0.0),
        ([7.0], 0.5, 7.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 101)), 0.0, 1),
        (list(range(1, 101)), 1.0, 100),
    ],
)
def test_percentile_is_the_nearest_rank(values: list[float], share: float, expected: float) -> None:
    """By hand; nothing for no values."""
    assert percentile(values, share) == expected


@given(st.lists(st.integers(0, 1000), min_size=1), st.floats(0, 1))
def test_percentile_is_not_exceeded_by_its_share(values: list[int], share: float) -> None:
    """At least so many values are not larger, and fewer would do for the next smaller value."""
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) <= share * len(values) + 1e-9
