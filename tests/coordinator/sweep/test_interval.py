"""How sure one can be of a share."""

from __future__ import annotations

import pytest

from coordinator.sweep.interval import wilson


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (0, 0, 0, 1),
        (0, 100, 0, 0.03699),
        (100, 100, 0.96301, 1),
        (50, 100, 0.40383, 0.59617),
        (1, 10, 0.01788, 0.40415),
    ],
)
def test_wilson_agrees_with_the_literature(count: int, total: int, low: float, high: float) -> None:
    """The interval is the one in the books, to four digits; none and all leave no doubt at an end."""
    assert wilson(count, total) == pytest.approx((low, high), abs=5e-5)
