"""When the later look says how far it is."""

from __future__ import annotations

from coordinator.later.plan import How, Postpone, Settle
from coordinator.later.progress import TELL_EVERY_S, Progress


def test_progress_tells_the_first_and_then_now_and_then() -> None:
    """A line at the first debt, the next one after half a minute."""
    progress = Progress()
    times = (0.0, 1.0, TELL_EVERY_S - 1, TELL_EVERY_S + 1, TELL_EVERY_S + 2)
    assert [progress.note(Settle("clean"), now_s) for now_s in times] == [True, False, False, True, False]


def test_progress_counts_by_what_became_of_them() -> None:
    """The line names each end with its number; debts that were put off are one kind."""
    progress = Progress()
    assert str(progress) == "nothing yet"
    for step in (Settle("clean"), Settle("clean"), Settle(How.PURGED), Postpone(1.0, "why")):
        progress.note(step, 0.0)
    assert str(progress) == "2 clean, 1 postponed, 1 purged"


def test_progress_ends_once_and_begins_anew() -> None:
    """The end is news once, and only after work; the next debt begins a new count."""
    progress = Progress()
    assert not progress.end()
    progress.note(Settle("clean"), 0.0)
    assert progress.end()
    assert not progress.end()
    assert progress.note(Settle("reported"), 1.0)
    assert str(progress) == "1 reported"
    assert progress.end()
