"""Stop cutting before a limit stops the process."""

from __future__ import annotations

import time

from coordinator.media.errors import Reason, TooCostly
from coordinator.media.limits import Limits

_SHARE = 0.85
"""How much of a limit is used before cutting ends by itself; the rest is for the frame that is being decoded."""


class Budget:
    """Count what one upload costs, from now on: processor time, time on the clock, pixels of moments."""

    def __init__(self, limits: Limits, wall_s: float) -> None:
        self._pixels_left = limits.total_px
        self._cpu_began_s = time.process_time()
        self._cpu_end_s = self._cpu_began_s + limits.cpu_s * _SHARE
        self._wall_end_s = time.monotonic() + wall_s * _SHARE

    @property
    def cpu_s(self) -> float:
        """Return the processor time used so far."""
        return time.process_time() - self._cpu_began_s

    def check(self) -> None:
        """Raise TooCostly when time is nearly used up; call it only after a frame, which is then all there will be."""
        if time.process_time() >= self._cpu_end_s:
            raise TooCostly(Reason.PROCESSOR)
        if time.monotonic() >= self._wall_end_s:
            raise TooCostly(Reason.WALL_TIME)

    def add(self, pixels: int) -> None:
        """Count the pixels of a moment that is about to be decoded; raise TooCostly when there are too many."""
        self._pixels_left -= pixels
        if self._pixels_left < 0:
            raise TooCostly(Reason.TOO_MANY_PIXELS)
