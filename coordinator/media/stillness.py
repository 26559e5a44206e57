"""Say for how long limited processes may stand still. Pure: the time is an argument."""

from __future__ import annotations

LONGEST_STILL_S = 1.0
STILL_PER_RUN = 25.0
"""Where live uploads come without a pause, sweeps still get 1 / 26 of the time, which is less than the twentieth that a
95th percentile sees."""


class Stillness:
    """Count how long they stood still and ran. Times are in seconds of any one clock.

    They may stand still for LONGEST_STILL_S at once, and after that run for as long as it takes to have run for a share
    of one in STILL_PER_RUN + 1 of all the time.
    """

    def __init__(self) -> None:
        self.is_on = False
        self._may_last_s = LONGEST_STILL_S
        self._turned_s = float("-inf")  # when it began, or ended, the last time

    def __repr__(self) -> str:
        return f"<Stillness {'on' if self.is_on else 'off'}, up to {self._may_last_s:.3f} s>"

    def begin(self, now_s: float) -> float:
        """Have them stand still from now on; return for how many seconds at most."""
        assert not self.is_on
        self._may_last_s = min(LONGEST_STILL_S, self._may_last_s + (now_s - self._turned_s) * STILL_PER_RUN)
        self._turned_s = now_s
        self.is_on = True
        return self._may_last_s

    def end(self, now_s: float) -> None:
        """Have them run from now on."""
        assert self.is_on
        self._may_last_s = max(0.0, self._may_last_s - (now_s - self._turned_s))
        self._turned_s = now_s
        self.is_on = False
