"""Attempts to connect that were refused."""

from __future__ import annotations

from coordinator.status.refusals import MOST, RefusalCause, Refusals
from tests.coordinator.status.situations import NOW_S, TIMELINE


def test_refusals_count_the_same_attempt_once() -> None:
    """Who tries again and again is one line with a count; the latest is first."""
    refusals = Refusals()
    refusals.note(RefusalCause.UNKNOWN, "203.0.113.7", NOW_S - 60)
    refusals.note(RefusalCause.WRONG_PROTOCOL, "203.0.113.8", NOW_S - 30, scanner="box")
    refusals.note(RefusalCause.UNKNOWN, "203.0.113.7", NOW_S)
    latest, other = refusals.status(TIMELINE)
    assert (latest.cause, latest.address, latest.count) == (RefusalCause.UNKNOWN, "203.0.113.7", 2)
    assert (latest.last - latest.first).total_seconds() == 60
    assert (other.scanner, other.count) == ("box", 1)
    assert refusals.last_of("box") == (RefusalCause.WRONG_PROTOCOL, NOW_S - 30)
    assert refusals.last_of("cellar") is None


def test_refusals_are_bounded() -> None:
    """Strangers from many addresses push out the oldest; the count goes on."""
    refusals = Refusals()
    for number in range(10 * MOST):
        refusals.note(RefusalCause.ANONYMOUS, f"203.0.113.{number}", NOW_S + number)
    kept = refusals.status(TIMELINE)
    assert len(kept) == MOST
    assert kept[0].address == f"203.0.113.{10 * MOST - 1}"
    assert refusals.count == 10 * MOST
