"""Times of the monotonic clock, as people read them. Pure: the moment is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Timeline:
    """One moment by both clocks: collectors keep monotonic seconds, and what is shown is worked out from this."""

    now_s: float
    now: datetime

    def at(self, then_s: float) -> datetime:
        """Return when a monotonic time was, or will be, to the nearest second.

        Not cut off: what was written down as a whole second, and comes back by clocks read anew, stays that second.
        """
        return (self.now + timedelta(seconds=then_s - self.now_s + 0.5)).replace(microsecond=0)

    def at_or_none(self, then_s: float | None) -> datetime | None:
        """Return when a monotonic time was, None for one that never came."""
        return None if then_s is None else self.at(then_s)

    def seconds(self, then: datetime) -> float:
        """Return the monotonic time of a moment."""
        return self.now_s + (then - self.now).total_seconds()
