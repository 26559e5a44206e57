"""When which scan must be looked after, although nothing else happens."""

from __future__ import annotations

import heapq
from collections.abc import Container

LATE_RESULT_S = 10.0
"""A result is of use outside, and the scanner counted as busy with it, for so long after its scan timed out."""

SPARE = 64
"""Entries of scans that are gone are tolerated up to this many beside those that are not."""


class Deadlines:
    """Times by scan, the earliest first. Entries of scans that are gone fall out by themselves."""

    def __init__(self, *open_scans: Container[str]) -> None:
        """Take what holds the scans that are not gone."""
        self._open = open_scans
        self._heap: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_s(self) -> float:
        """Time of the first entry, infinite when there is none."""
        self._forget_gone()
        return self._heap[0][0] if self._heap else float("inf")

    def add(self, at_s: float, scan: str, *, open_scans: int) -> None:
        """Remember a scan until a time. `open_scans` are those that are not gone, for keeping the heap small."""
        heapq.heappush(self._heap, (at_s, scan))
        if len(self._heap) > 2 * open_scans + SPARE:
            self._heap = [entry for entry in self._heap if self._is_open(entry[1])]
            heapq.heapify(self._heap)

    def take_due(self, now: float) -> str | None:
        """Take out a scan whose time has come, or None when there is none any more."""
        self._forget_gone()
        return heapq.heappop(self._heap)[1] if self._heap and self._heap[0][0] <= now else None

    def _forget_gone(self) -> None:
        while self._heap and not self._is_open(self._heap[0][1]):
            heapq.heappop(self._heap)

    def _is_open(self, scan: str) -> bool:
        return any(scan in scans for scans in self._open)
