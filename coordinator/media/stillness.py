"""Say for how long limited processes may stand still. Pure: the time is an argument."""

from __future__ import annotations

LONGEST_STILL_S = 1.0
STILL_PER_RUN = 25.0
"""Where live uploads come without a pause, sweeps still get 1 / 26 of the time, which is less than the twentieth that a
95th percentile sees."""


class Stillness:
    """Count how long they stood still and ran. Times are in seconds of any one clock.

    They may stand still for LONGEST_STILL_S in all, and running earns STILL_PER_RUN times as much, up to that. Once
    nothing is left they run until all of it is earned again: so a few live uploads run beside them, and the others not
    at all, instead of each a little.
    """

    def __init__(self) -> None:
        self.is_on = False
        self._left_s = LONGEST_STILL_S
        self._is_due = False  # to run, until all is earned
        self._turned_s = float("-inf")  # when it began, or ended, the last time

    def __repr__(self) -> str:
        return f"<Stillness {'on' if self.is_on else 'off'}, up to {self._left_s:.3f} s>"

    def begin(self, now_s: float) -> bool:
        """Have them stand still from now on, and say so; or that they must run first."""
        assert not self.is_on
        self._left_s = min(LONGEST_STILL_S, self._left_s + (now_s - self._turned_s) * STILL_PER_RUN)
        self._turned_s = now_s
        self._is_due = self._is_due and self._left_s < LONGEST_STILL_S
        self.is_on = not self._is_due
        return self.is_on

    def left_s(self, now_s: float) -> float:
        """Return for how many seconds more they may stand still at most."""
        assert self.is_on
        return max(0.0, self._left_s - (now_s - self._turned_s))

    def end(self, now_s: float) -> None:
        """Have them run from now on."""
        assert self.is_on
        self._left_s = self.left_s(now_s)
        self._is_due = self._left_s == 0.0
        self._turned_s = now_s
        self.is_on = False
