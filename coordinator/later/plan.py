"""What becomes of a debt: by what pict-rs has of it, and by what a scanner says. Pure: no clock, no input or output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from coordinator.judge.outcomes import Answer, LaterLookMode, Mode, Outcome, OutcomeTable

NOT_THERE_PAUSES_S = (5.0, 60.0, 600.0)
"""pict-rs gives a picture its first alias after it was told to accept it; what is still missing after these pauses was
refused for another reason, was deleted, or never went to this pict-rs."""

FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 86_400.0

MOST_TRIES = 16
"""With the pauses above a picture that pict-rs knows and does not hand out is given up after more than six days."""

PURGING = "flagged; being purged"
"""Kept with a debt before pict-rs is told to purge: after a crash, a picture that is gone was purged by us."""


class How(StrEnum):
    """In what way a debt was settled, beside the outcome of a look that has no consequences."""

    PURGED = "purged"
    REPORTED = "reported"
    """Flagged, and left where it is."""
    NEVER_STORED = "never_stored"
    NOT_SERVED = "not_served"
    """pict-rs knows it and never handed it out: nobody can see it."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Nothing is left to do."""

    how: str


@dataclass(frozen=True, slots=True)
class Postpone:
    """Try again after a pause."""

    pause_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Purge:
    """Have it removed."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Nobody can look at anything now; it stays due."""


OWED_ANEW = Postpone(0.0, "it was accepted unseen again meanwhile")
"""Due at once as it is: what was found out before may no longer hold."""

Step: TypeAlias = Settle | Postpone | Purge | Leave


def reason_after(old: str, new: str) -> str:
    """Return the reason to keep with a debt: that pict-rs was told to purge is not forgotten over a newer one."""
    return f"{PURGING}; {new}" if old.startswith(PURGING) and not new.startswith(PURGING) else new


def next_pause_s(tries: int) -> float:
    """Return the pause after so many tries that failed."""
    return min(FIRST_PAUSE_S * 2.0 ** min(tries, 32), LONGEST_PAUSE_S)


class Plan:
    """Decide by the admin's settings. In shadow mode nothing is removed."""

    def __init__(
        self, mode: LaterLookMode, outcomes: OutcomeTable, *, not_there_pauses_s: Sequence[float] = NOT_THERE_PAUSES_S
    ) -> None:
        self._mode = mode
        self._outcomes = outcomes
        self._not_there_pauses_s = not_there_pauses_s

    @property
    def purges(self) -> bool:
        """Say whether what is flagged is removed."""
        return self._mode is LaterLookMode.PURGE and self._outcomes.mode is not Mode.SHADOW

    def is_last_search(self, tries: int) -> bool:
        """Say whether a picture that is not found now is given up: then it is worth looking everywhere."""
        return tries >= len(self._not_there_pauses_s)

    def after_search(self, tries: int, reason: str) -> Settle | Postpone:
        """Decide about a picture that pict-rs does not have; `reason` is why the debt was postponed before."""
        if reason.startswith(PURGING):
            return Settle(How.PURGED)
        if self.is_last_search(tries):
            return Settle(How.NEVER_STORED)
        return Postpone(self._not_there_pauses_s[tries], "pict-rs does not have it yet")

    def after_fault(self, tries: int, reason: str) -> Settle | Postpone:
        """Decide about a picture that pict-rs does not hand out."""
        return Settle(How.NOT_SERVED) if tries >= MOST_TRIES else Postpone(next_pause_s(tries), reason)

    def after_look(self, outcome: Outcome, tries: int) -> Step:
        """Decide about a picture that was looked at, or should have been."""
        if outcome in {Outcome.NO_SCANNER, Outcome.OVERLOADED}:
            return Leave()
        if outcome in {Outcome.TIMED_OUT, Outcome.SCANNER_FAULT}:
            return Postpone(next_pause_s(tries), f"the look ended as {outcome}")
        if outcome not in {Outcome.FLAGGED, Outcome.BLOCKED}:
            return Settle(outcome.value)
        if self._outcomes.rule(outcome).would_be is Answer.ACCEPT:
            return Settle(outcome.value)
        return Purge() if self.purges else Settle(How.REPORTED)

    def after_purge_failed(self, tries: int, reason: str) -> Postpone:
        """Decide about a picture that pict-rs keeps: it is not forgotten before somebody has removed it."""
        return Postpone(next_pause_s(tries), f"{PURGING}; {reason}")
