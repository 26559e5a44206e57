"""What the coordinator keeps of sweeps."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from coordinator.sweeps import MAX_SWEEPS, SILENT_S, Order, SweepOrder, SweepReport, Sweeps, SweepState


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


REPORT = SweepReport(source="folder")


def test_sweeps_keep_callers_apart() -> None:
    """Two callers may each have a sweep of the same name."""
    sweeps = Sweeps()
    sweeps.note("one", "nightly", REPORT)
    sweeps.note("two", "nightly", REPORT)
    found = sweeps.find("one", "nightly")
    assert found is not None
    found.wanted = SweepOrder(order=Order.PAUSE)
    assert sweeps.note("two", "nightly", REPORT).order is Order.RUN
    assert sweeps.note("one", "nightly", REPORT).order is Order.PAUSE


def test_sweeps_forget_what_was_wanted_of_one_that_ended() -> None:
    """Started again, a sweep runs, whatever was wanted of it before."""
    sweeps = Sweeps()
    sweeps.note("one", "nightly", REPORT)
    found = sweeps.find("one", "nightly")
    assert found is not None
    found.wanted = SweepOrder(order=Order.PAUSE, limit_per_s=1)
    sweeps.note("one", "nightly", REPORT.model_copy(update={"state": SweepState.ENDED}))
    assert sweeps.note("one", "nightly", REPORT) == SweepOrder()


def test_sweeps_go_on_with_what_was_wanted_before_a_restart() -> None:
    """A coordinator that knows nothing of a sweep wants what was wanted of it last, by the sweep's own word."""
    wanted = SweepOrder(order=Order.PAUSE, limit_per_s=3)
    sweeps = Sweeps()
    assert sweeps.note("one", "nightly", REPORT.model_copy(update={"wanted": wanted})) == wanted
    found = sweeps.find("one", "nightly")
    assert found is not None
    found.wanted = SweepOrder()
    assert sweeps.note("one", "nightly", REPORT.model_copy(update={"wanted": wanted})) == SweepOrder()


def test_sweeps_tell_who_is_silent() -> None:
    """One that did not say that it ended, and is not heard of for a while, is silent."""
    clock = Clock()
    sweeps = Sweeps(clock)
    sweeps.note("one", "a", REPORT)
    sweeps.note("one", "b", REPORT.model_copy(update={"state": SweepState.ENDED}))
    clock.now_s = SILENT_S + 1
    sweeps.note("one", "c", REPORT)
    assert [sweep.name for sweep in sweeps.all()] == ["c", "b", "a"]
    assert [sweeps.is_silent(sweep) for sweep in sweeps.all()] == [False, False, True]


def test_sweeps_are_not_kept_without_end() -> None:
    """The one that was not heard of for longest makes way."""
    clock = Clock()
    sweeps = Sweeps(clock)
    for number in range(MAX_SWEEPS + 1):
        clock.now_s = number
        sweeps.note("one", f"n{number}", REPORT)
    assert len(sweeps.all()) == MAX_SWEEPS
    assert sweeps.find("one", "n0") is None


@pytest.mark.parametrize("wrong", [{"source": "x" * 301}, {"done": -1}, {"rate_per_s": -1}, {"more": 1}])
def test_sweeps_refuse_reports_that_make_no_sense(wrong: dict[str, object]) -> None:
    """A report is checked before it is shown."""
    with pytest.raises(ValidationError):
        SweepReport.model_validate({"source": "folder", **wrong})
