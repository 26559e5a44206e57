"""Which scanners are set aside because they fail again and again, why, and until when."""

from __future__ import annotations

from collections.abc import Iterable

from coordinator.dispatch.state import FaultRecord

MOST_FAULTS = 2
"""A scan that cost so many scanners is not tried on another (design, section 5)."""

FAULTS_BEFORE_ASIDE = 3
"""Faults in a row, without a result between them."""

FIRST_PAUSE_S, MOST_DOUBLINGS = 5.0, 6
"""Every further time a scanner is set aside it is for twice as long, up to 5 s * 2**6 = 320 s."""

SHARED_FAULT_S = 2.0
"""Faults of all scanners within this time have a common cause, which is not theirs."""


class Faults:
    """Faults by scanner name, kept while its connections come and go."""

    def __init__(self) -> None:
        self._records: dict[str, FaultRecord] = {}

    def note(self, scanner: str, reason: str, others: Iterable[str], *, since_s: float, now: float) -> None:
        """Count a fault of a scanner, and set it aside when there were too many.

        `others` are the scanners beside it: unless one of them is well, it is not set aside. `since_s` is when the
        work began that failed; work that was there at an earlier fault failed with it and is not counted again.
        """
        record = self._records.setdefault(scanner, FaultRecord())
        record.reason = reason
        if since_s < record.last_s:
            return
        record.count += 1
        record.last_s = now
        if record.count >= FAULTS_BEFORE_ASIDE and any(self._is_well(other, now) for other in others):
            record.aside_until_s = now + FIRST_PAUSE_S * 2 ** min(record.times_aside, MOST_DOUBLINGS)
            record.times_aside += 1

    def forgive(self, scanner: str) -> None:
        """Forget a scanner's faults: it returned a result, or the admin asks to try it now."""
        self._records.pop(scanner, None)

    def record(self, scanner: str) -> FaultRecord | None:
        """Return what is known of a scanner's faults, if anything."""
        return self._records.get(scanner)

    def is_aside(self, scanner: str, now: float) -> bool:
        """Say whether a scanner is set aside."""
        record = self._records.get(scanner)
        return record is not None and now < record.aside_until_s

    def is_on_trial(self, scanner: str) -> bool:
        """Say whether a scanner has returned no result since its last fault: it gets one scan at a time."""
        return scanner in self._records

    def next_trial_s(self, now: float) -> float:
        """Return when the next scanner that is set aside may be tried again."""
        times = (record.aside_until_s for record in self._records.values() if record.aside_until_s > now)
        return min(times, default=float("inf"))

    def _is_well(self, scanner: str, now: float) -> bool:
        record = self._records.get(scanner)
        return record is None or (now >= record.aside_until_s and now - record.last_s > SHARED_FAULT_S)
