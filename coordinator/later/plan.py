"""What becomes of a debt: by what pict-rs has of it, and by what a scanner says. Pure: no clock, no input or output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TypeAlias

from coordinator.judge.outcomes import JUDGED_BAD, Answer, LaterLookMode, Mode, Outcome, OutcomeTable

NOT_THERE_PAUSES_S = (5.0, 60.0, 600.0)
"""pict-rs gives a picture its first alias after it was told to accept it; what is still missing after these pauses was
refused for another reason, was deleted, or never went to this pict-rs."""

FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 86_400.0

MOST_TRIES = 16
"""With the pauses above a picture that pict-rs knows and does not hand out is given up after more than six days."""

PURGING = "flagged; being purged"
"""Kept with a debt before pict-rs is told to purge: after a crash, a picture that is gone was purged by us."""

NOT_THERE = "pict-rs does not have it yet"
LOOK_ENDED = "the look ended as"


class Cause(Enum):
    """Why a debt was postponed, as its reason tells. Tries count for one cause, and anew when another comes."""

    NOT_THERE = auto()
    FAULT = auto()
    LOOK = auto()
    PURGE = auto()
    """It was flagged: whatever the purge fails by."""


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


def cause_of(reason: str) -> Cause:
    """Return what a debt was postponed for last; that of a new one does not matter, as it has no tries."""
    if reason.startswith(PURGING):
        return Cause.PURGE
    if reason == NOT_THERE:
        return Cause.NOT_THERE
    return Cause.LOOK if reason.startswith(LOOK_ENDED) else Cause.FAULT


def tries_of(cause: Cause, tries: int, reason: str) -> int:
    """Return how many of the last tries, all of them or none, failed by this cause."""
    return tries if cause_of(reason) is cause else 0


def next_pause_s(tries: int) -> float:
    """Return the pause after so many tries that failed."""
    return min(FIRST_PAUSE_S * 2.0 ** min(tries, 32), LONGEST_PAUSE_S)


class Plan:
    """Decide by the admin's settings. In shadow mode nothing is removed.

    `tries` and `reason` are those of the debt: how often it was postponed in a row for this reason.
    """

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

    def looks_everywhere(self, tries: int, reason: str) -> bool:
        """Say whether all formats are searched: before it is given up, and for what may have been there before."""
        is_known = reason not in {"", NOT_THERE}
        return is_known or tries_of(Cause.NOT_THERE, tries, reason) >= len(self._not_there_pauses_s)

    def after_search(self, tries: int, reason: str) -> Settle | Postpone:
        """Decide about a picture that pict-rs does not have."""
        if cause_of(reason) is Cause.PURGE:
            return Settle(How.PURGED)
        searches = tries_of(Cause.NOT_THERE, tries, reason)
        if searches >= len(self._not_there_pauses_s):
            return Settle(How.NEVER_STORED)
        return Postpone(self._not_there_pauses_s[searches], NOT_THERE)

    def after_fault(self, tries: int, reason: str, fault: str, *, is_served: bool) -> Settle | Postpone:
        """Decide about a picture that could not be had. Unless it may be served to others it is given up some day."""
        if cause_of(reason) is Cause.PURGE:
            return self.after_purge_failed(tries, reason, fault)
        faults = tries_of(Cause.FAULT, tries, reason)
        if faults >= MOST_TRIES and not is_served:
            return Settle(How.NOT_SERVED)
        return Postpone(next_pause_s(faults), fault)

    def after_look(self, outcome: Outcome, tries: int, reason: str, *, partial: bool = False) -> Step:
        """Decide about a picture that was looked at, in part or whole, or should have been."""
        if outcome in {Outcome.NO_SCANNER, Outcome.OVERLOADED}:
            return Leave()
        if outcome in JUDGED_BAD:
            if self._outcomes.rule(outcome).would_be is Answer.ACCEPT:
                return Settle(outcome.value)
            return Purge() if self.purges else Settle(How.REPORTED)
        ended = f"{LOOK_ENDED} {outcome}"
        if cause_of(reason) is Cause.PURGE and (partial or outcome not in {Outcome.CLEAN, Outcome.ALLOWED}):
            # What was flagged is cleared by a verdict, or by an admin, and by nothing less.
            return self.after_purge_failed(tries, reason, ended)
        if outcome in {Outcome.TIMED_OUT, Outcome.SCANNER_FAULT}:
            return Postpone(next_pause_s(tries_of(Cause.LOOK, tries, reason)), ended)
        return Settle(outcome.value)

    def after_purge_failed(self, tries: int, reason: str, fault: str) -> Postpone:
        """Decide about a picture that pict-rs keeps: it is not forgotten before somebody has removed it."""
        return Postpone(next_pause_s(tries_of(Cause.PURGE, tries, reason)), f"{PURGING}; {fault}")
