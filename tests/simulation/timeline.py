"""Virtual time: what happens next, in an order that the seed alone decides."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable


class Timeline:
    """A queue of things to do at a time; equal times keep the order in which they were asked for."""

    def __init__(self, *, grid_s: float = 0.0) -> None:
        """Take the grid to which times are rounded up, so that many things happen at one time; 0 for none."""
        self.now = 0.0
        self._grid_s = grid_s
        self._number = 0
        self._heap: list[tuple[float, int, Callable[[], object]]] = []

    def at(self, at_s: float, action: Callable[[], object]) -> None:
        """Do something at a time, now at the earliest."""
        if self._grid_s:
            place = math.ceil(at_s / self._grid_s)
            # The division rounds: a timer that rings a hair too early would be set again and again.
            at_s = (place + (place * self._grid_s < at_s)) * self._grid_s
        self._number += 1
        heapq.heappush(self._heap, (max(at_s, self.now), self._number, action))

    def after(self, wait_s: float, action: Callable[[], object]) -> None:
        """Do something after some seconds."""
        self.at(self.now + wait_s, action)

    def step(self, until_s: float) -> bool:
        """Do the next thing; say whether there was one before `until_s`. If not, the clock goes there."""
        if not self._heap or self._heap[0][0] > until_s:
            self.now = max(self.now, until_s)
            return False
        at_s, _, action = heapq.heappop(self._heap)
        self.now = at_s
        action()
        return True
