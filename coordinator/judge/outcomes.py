"""What may become of an upload, and what the caller is told: the only place where an outcome becomes an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Outcome(StrEnum):
    """What became of an upload."""

    CLEAN = "clean"
    """Judged: nothing found."""
    ALLOWED = "allowed"
    """Allowed by an admin."""
    FLAGGED = "flagged"
    """Judged: the policy's rule is met."""
    BLOCKED = "blocked"
    """Blocked by an admin or a list."""
    NO_SCANNER = "no_scanner"
    """Nobody there to look at it."""
    OVERLOADED = "overloaded"
    """No time or room left."""
    TIMED_OUT = "timed_out"
    """The scores came too late, or not at all."""
    SCANNER_FAULT = "scanner_fault"
    """Two scanners failed on it."""
    UNREADABLE = "unreadable"
    """A picture that does not decode."""
    UNSUPPORTED = "unsupported"
    """Not a picture or video of a format that we read."""
    TOO_COSTLY = "too_costly"
    """More processor time or memory than an upload may cost."""
    TOO_LARGE = "too_large"
    """More bytes than allowed."""


class Answer(StrEnum):
    """What the caller is told."""

    ACCEPT = "accept"
    REJECT = "reject"


class Mode(StrEnum):
    """Whether answers count."""

    ENFORCE = "enforce"
    """Reject what is to be rejected."""
    SHADOW = "shadow"
    """Accept everything, and record what would have been done."""


class LaterLookMode(StrEnum):
    """What is done with a picture that was accepted unseen and is flagged later."""

    REPORT = "report"
    """Tell the admin."""
    PURGE = "purge"
    """Have it removed; never in shadow mode."""


ACCEPTED_STATUS = 200

REJECTED_STATUS: Mapping[Outcome, int] = MappingProxyType(
    {
        Outcome.FLAGGED: 406,
        Outcome.BLOCKED: 406,
        Outcome.NO_SCANNER: 503,
        Outcome.OVERLOADED: 503,
        Outcome.TIMED_OUT: 504,
        Outcome.SCANNER_FAULT: 502,
        Outcome.UNREADABLE: 422,
        Outcome.UNSUPPORTED: 415,
        Outcome.TOO_COSTLY: 422,
        Outcome.TOO_LARGE: 413,
    }
)
"""HTTP status when an outcome is rejected (design, section 6). Outcomes that are not here are always accepted."""

DEFAULT_ANSWERS: Mapping[Outcome, Answer] = MappingProxyType(
    {
        outcome: Answer.ACCEPT
        if outcome in {Outcome.CLEAN, Outcome.ALLOWED, Outcome.NO_SCANNER, Outcome.OVERLOADED, Outcome.TIMED_OUT}
        else Answer.REJECT
        for outcome in Outcome
    }
)

UNSEEN = frozenset({Outcome.NO_SCANNER, Outcome.OVERLOADED, Outcome.TIMED_OUT})
"""Outcomes of pictures that nobody looked at, for want of time or scanners."""

OWED = UNSEEN | {Outcome.SCANNER_FAULT}
"""Outcomes of pictures that a scanner may still look at; accepting one of them is a debt."""

JUDGED_BAD = frozenset({Outcome.FLAGGED, Outcome.BLOCKED})
"""Outcomes of pictures that are not to be kept; others that are rejected by default could only not be looked at."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the caller is told about one upload."""

    answer: Answer
    status: int
    would_be: Answer
    """What enforcing would have answered; differs from `answer` in shadow mode only."""


class OutcomeTable:
    """The admin's choice of an answer for every outcome. `mode` may be changed at any time, for what comes then."""

    def __init__(self, choices: Mapping[Outcome, Answer], mode: Mode = Mode.ENFORCE) -> None:
        """Take the admin's choices; outcomes without one keep their default.

        Raises ValueError when a choice rejects what can only be accepted.
        """
        for outcome, answer in choices.items():
            if answer is Answer.REJECT and outcome not in REJECTED_STATUS:
                raise ValueError(f"{outcome} can only be accepted")
        self.mode = mode
        self.answers: Mapping[Outcome, Answer] = MappingProxyType({**DEFAULT_ANSWERS, **choices})

    def rule(self, outcome: Outcome) -> Ruling:
        """Turn an outcome into the answer and its HTTP status."""
        chosen = self.answers[outcome]
        answer = Answer.ACCEPT if self.mode is Mode.SHADOW else chosen
        status = ACCEPTED_STATUS if answer is Answer.ACCEPT else REJECTED_STATUS[outcome]
        return Ruling(answer, status, chosen)
