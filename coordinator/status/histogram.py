"""Counts of values by size, for metrics. Pure; a few hundred bytes each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

BOUNDS_MS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
"""Up to the default deadline; what is beyond the last one is counted too."""


class Histogram:
    """Count milliseconds by BOUNDS_MS."""

    def __init__(self) -> None:
        self.sum_ms = 0.0
        self._counts = [0] * (len(BOUNDS_MS) + 1)

    def add(self, value_ms: float) -> None:
        """Count a value."""
        self.sum_ms += value_ms
        self._counts[bisect_left(BOUNDS_MS, value_ms)] += 1

    def buckets(self) -> Iterator[tuple[float, int]]:
        """Yield each bound with the number of values up to it; the last bound is infinite."""
        total = 0
        for bound, count in zip((*BOUNDS_MS, float("inf")), self._counts, strict=True):
            total += count
            yield bound, total
