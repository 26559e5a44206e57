"""Counts by size."""

from __future__ import annotations

from coordinator.status.histogram import BOUNDS_MS, Histogram


def test_histogram_counts_up_to_each_bound() -> None:
    """A value on a bound belongs to it; one beyond all is in the last bucket only; counts grow with the bounds."""
    histogram = Histogram()
    for value in (0.0, BOUNDS_MS[0], BOUNDS_MS[1], BOUNDS_MS[-1] + 1):
        histogram.add(value)
    buckets = list(histogram.buckets())
    assert [bound for bound, _ in buckets] == [*BOUNDS_MS, float("inf")]
    counts = [count for _, count in buckets]
    assert (counts[0], counts[1], counts[-2], counts[-1]) == (2, 3, 3, 4)
    assert counts == sorted(counts)
    assert histogram.sum_ms == BOUNDS_MS[0] + BOUNDS_MS[1] + BOUNDS_MS[-1] + 1
