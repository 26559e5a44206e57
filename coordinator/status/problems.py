"""What needs somebody's attention, each with its cause and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coordinator.status.debts import DebtStatus
from coordinator.status.scanner import Connection, IntentKind, ScannerStatus
from coordinator.status.sentence import Checking, Sentence


class Cause(StrEnum):
    """Kinds of problems."""

    NOT_CHECKED = "not_checked"
    SET_ASIDE = "set_aside"
    DEBTS_STUCK = "debts_stuck"
    CANNOT_SERVE = "cannot_serve"
    """Shown, and no reason for a notice: it is seen by whoever sets a scanner up."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong now."""

    cause: Cause
    subject: str
    """The scanner that it is about; empty where it is about the whole."""
    text: str
    todo: str
    since: datetime | None


def problems_of(sentence: Sentence, scanners: Sequence[ScannerStatus], debts: DebtStatus) -> Iterator[Problem]:
    """Yield what is wrong, the worst first."""
    if sentence.checking is not Checking.CHECKED:
        yield Problem(Cause.NOT_CHECKED, "", sentence.text, sentence.todo, sentence.since)
    if debts.open and debts.fault:
        text = f"{debts.open} accepted unseen cannot be looked at: {debts.fault}."
        todo = "See that pict-rs runs, and that FEDIWARD_PICTRS_URL and FEDIWARD_PICTRS_API_KEY are right."
        yield Problem(Cause.DEBTS_STUCK, "", text, todo, debts.oldest)
    for scanner in scanners:
        if scanner.intent.kind is IntentKind.SET_ASIDE:
            text = f"The scanner {scanner.name} is set aside: {scanner.intent.note}."
            todo = "It is tried again by itself; look at its log if this goes on."
            yield Problem(Cause.SET_ASIDE, scanner.name, text, todo, scanner.intent.since)
        elif scanner.connection is Connection.CANNOT_SERVE:
            text = f"The scanner {scanner.name} gets nothing: {scanner.why}."
            yield Problem(Cause.CANNOT_SERVE, scanner.name, text, "Correct its settings.", scanner.since)
