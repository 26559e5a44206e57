"""What needs somebody's attention."""

from __future__ import annotations

from coordinator.status.debts import DebtStatus
from coordinator.status.problems import Cause, problems_of
from coordinator.status.scanner import Connection, Intent, IntentKind
from coordinator.status.sentence import Checking, Sentence
from tests.coordinator.status.situations import NOW, scanner

GOOD = Sentence(Checking.CHECKED, "Uploads are being checked.", NOW, 0, "")
BAD = Sentence(Checking.REJECTED, "Uploads are NOT being checked.", NOW, 4, "Start one.")
NO_DEBTS = DebtStatus(0, None, is_payable=True, fault="pict-rs refuses the key")


def test_problems_of_a_healthy_coordinator_are_none() -> None:
    """Nothing wrong: scanners that are ready or away, and debts that are being paid, or that nobody can pay."""
    scanners = [scanner(), scanner("away", Connection.OFFLINE)]
    debts = [DebtStatus(3, NOW, is_payable=True, fault=""), DebtStatus(3, NOW, is_payable=False, fault=""), NO_DEBTS]
    assert [list(problems_of(GOOD, scanners, owed)) for owed in debts] == [[], [], []]


def test_problems_are_told_apart() -> None:
    """Each has its cause, its subject, and what to do."""
    aside = scanner("box", intent=Intent(IntentKind.SET_ASIDE, note="3 faults: device lost", since=NOW))
    unfit = scanner("cellar", Connection.CANNOT_SERVE, why="wrong model")
    stuck = DebtStatus(3, NOW, is_payable=True, fault="pict-rs refuses the key")
    found = list(problems_of(BAD, [aside, unfit], stuck))
    assert [(problem.cause, problem.subject) for problem in found] == [
        (Cause.NOT_CHECKED, ""),
        (Cause.DEBTS_STUCK, ""),
        (Cause.SET_ASIDE, "box"),
        (Cause.CANNOT_SERVE, "cellar"),
    ]
    assert all(problem.todo and problem.since == NOW for problem in found)
    assert "3 faults: device lost" in found[2].text
