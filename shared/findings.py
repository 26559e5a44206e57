"""What a doctor found: the same words on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How one thing stands."""

    GOOD = "good"
    WRONG = "wrong"
    """Something has to be done."""
    UNKNOWN = "unknown"
    """It could not be looked at, or need not be: the sentence says why."""


_MARKS: Mapping[State, str] = {State.GOOD: "ok", State.WRONG: "WRONG", State.UNKNOWN: "?"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. Its texts hold no secret, no content, and no address."""

    check: str
    """What was looked at: a short name that stays the same."""
    state: State
    sentence: str
    part: str = ""
    """Who is guilty: what an admin has to turn to."""
    cure: str = ""
    """What to do."""

    def record(self) -> dict[str, str]:
        """Return it as plain JSON."""
        return {
            "check": self.check,
            "state": str(self.state),
            "sentence": self.sentence,
            "part": self.part,
            "cure": self.cure,
        }

    def lines(self) -> Iterable[str]:
        """Yield it as lines for a terminal."""
        yield f"{_MARKS[self.state]:<6}{self.check}: {self.sentence}"
        if self.part:
            yield f"      part: {self.part}"
        if self.cure:
            yield f"      cure: {self.cure}"


def good(check: str, sentence: str) -> Finding:
    """Find nothing to do."""
    return Finding(check, State.GOOD, sentence)


def wrong(check: str, sentence: str, *, part: str, cure: str) -> Finding:
    """Find something to do, and who has to do it."""
    return Finding(check, State.WRONG, sentence, part, cure)


def unknown(check: str, sentence: str, *, cure: str = "") -> Finding:
    """Find that something could not be looked at, and what to do for that, if anything."""
    return Finding(check, State.UNKNOWN, sentence, "", cure)


def is_sound(findings: Sequence[Finding]) -> bool:
    """Say whether nothing is wrong."""
    return all(finding.state is not State.WRONG for finding in findings)


def summary(findings: Sequence[Finding]) -> str:
    """Count them in one sentence."""
    counts = {state: sum(finding.state is state for finding in findings) for state in State}
    told = f"{len(findings)} looked at: {counts[State.GOOD]} in order, {counts[State.WRONG]} wrong"
    return f"{told}, {counts[State.UNKNOWN]} not known." if counts[State.UNKNOWN] else f"{told}."
