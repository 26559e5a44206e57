"""How far a sweep is."""

from __future__ import annotations

from coordinator.sweep.row import Action, Row
from coordinator.sweep.tally import RATE_OVER_S, Tally


def row(outcome: str, action: Action = Action.NONE) -> Row:
    """Return a row."""
    return Row(b"a", "", 1, 1, outcome, action=action)


def test_tally_counts_by_what_files_are() -> None:
    """Found, not readable, failed and kept are counted apart."""
    tally = Tally()
    for outcome in ("clean", "flagged", "blocked", "unreadable", "too_large", "failed", "gone"):
        tally.note(row(outcome), remembered=outcome == "clean")
    tally.note(row("flagged", Action.KEPT))
    assert (tally.done, tally.found, tally.unreadable, tally.failed, tally.kept) == (8, 3, 2, 1, 1)
    assert tally.remembered == 1


def test_tally_counts_another_try_once() -> None:
    """A file that was counted as failed is counted as what it turned out to be."""
    tally = Tally()
    tally.note(row("failed"))
    tally.note(row("flagged", Action.REMOVED), instead_of=row("failed"))
    assert (tally.done, tally.failed, tally.found, tally.actions[Action.REMOVED]) == (1, 0, 1, 1)


def test_tally_goes_on_where_a_run_was_broken_off() -> None:
    """What was settled before counts as done, and not for the rate of this process."""
    tally = Tally()
    tally.resume([("clean", "", 90), ("flagged", "reported", 10)])
    tally.sample(0.0)
    tally.note(row("clean"))
    tally.sample(1.0)
    assert (tally.done, tally.found, tally.rate_per_s) == (101, 10, 1.0)


def test_tally_tells_rate_and_time_left() -> None:
    """The rate is that of the last while, and tells when it will be over; without a total nobody knows."""
    tally = Tally()
    for second in range(60):
        tally.sample(float(second))
        for _ in range(2 if second < 30 else 5):
            tally.note(row("clean"))
    assert abs(tally.rate_per_s - 5) < 0.3
    before_s, tally.total = tally.left_s, tally.done + 50
    assert before_s is None
    assert 9 < (tally.left_s or 0) < 11
    assert RATE_OVER_S < 60
