"""The doctor's look at the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from coordinator.doctor.clock import look_at_clock
from shared.findings import State

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_clock_that_agrees_is_good() -> None:
    """A difference of seconds is none."""
    assert look_at_clock(NOW, {"pict-rs": NOW - timedelta(seconds=30)}, NOW).state is State.GOOD


def test_clock_behind_or_ahead_is_wrong() -> None:
    """A clock that differs is told, with by how much and in which direction."""
    behind = look_at_clock(NOW, {"pict-rs": NOW + timedelta(minutes=5)}, None)
    assert (behind.state, behind.sentence) == (State.WRONG, "it is 5 min behind that of pict-rs")
    ahead = look_at_clock(NOW, {"pict-rs": NOW - timedelta(seconds=90)}, None)
    assert ahead.sentence == "it is 90 s ahead of that of pict-rs"


def test_clock_before_the_newest_entry_is_wrong() -> None:
    """A ledger with an entry in the future shows that the clock went back."""
    found = look_at_clock(NOW, {"pict-rs": NOW}, NOW + timedelta(hours=3))
    assert (found.state, found.sentence) == (State.WRONG, "the ledger holds an entry that is 3 h in the future")


def test_clock_without_another_is_not_known() -> None:
    """Without another clock there is nothing to compare."""
    assert look_at_clock(NOW, {}, NOW).state is State.UNKNOWN
