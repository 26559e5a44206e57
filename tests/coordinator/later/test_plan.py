"""What becomes of a debt, decided without any clock or pict-rs."""

from __future__ import annotations

import pytest

from coordinator.judge.outcomes import Answer, LaterLookMode, Mode, Outcome, OutcomeTable
from coordinator.later.plan import (
    LONGEST_PAUSE_S,
    MOST_TRIES,
    NOT_THERE_PAUSES_S,
    PURGING,
    How,
    Leave,
    Plan,
    Postpone,
    Purge,
    Settle,
    Step,
    next_pause_s,
    reason_after,
)


def plan_of(
    mode: LaterLookMode = LaterLookMode.PURGE,
    *,
    shadow: bool = False,
    choices: dict[Outcome, Answer] | None = None,
) -> Plan:
    """Make a plan by the settings that matter."""
    return Plan(mode, OutcomeTable(choices or {}, Mode.SHADOW if shadow else Mode.ENFORCE))


def test_plan_searches_again_before_it_gives_up() -> None:
    """A picture that pict-rs does not have is searched for a few times, at growing intervals, and then given up."""
    plan = plan_of()
    steps = [plan.after_search(tries, "") for tries in range(len(NOT_THERE_PAUSES_S) + 1)]
    assert [step.pause_s for step in steps if isinstance(step, Postpone)] == list(NOT_THERE_PAUSES_S)
    assert steps[-1] == Settle(How.NEVER_STORED)
    assert [plan.is_last_search(tries) for tries in range(len(steps))] == [False] * (len(steps) - 1) + [True]


def test_plan_knows_its_own_purge_again() -> None:
    """What is gone after pict-rs was told to purge it was purged, whether that call failed or a crash came between."""
    plan = plan_of()
    failed = plan.after_purge_failed(0, "kept under 1 aliases")
    assert plan.after_search(0, PURGING) == Settle(How.PURGED)
    assert plan.after_search(5, failed.reason) == Settle(How.PURGED)


@pytest.mark.parametrize(
    ("outcome", "step"),
    [
        (Outcome.CLEAN, Settle("clean")),
        (Outcome.ALLOWED, Settle("allowed")),
        (Outcome.FLAGGED, Purge()),
        (Outcome.BLOCKED, Purge()),
        (Outcome.UNREADABLE, Settle("unreadable")),
        (Outcome.UNSUPPORTED, Settle("unsupported")),
        (Outcome.TOO_COSTLY, Settle("too_costly")),
        (Outcome.TOO_LARGE, Settle("too_large")),
        (Outcome.NO_SCANNER, Leave()),
        (Outcome.OVERLOADED, Leave()),
        (Outcome.TIMED_OUT, Postpone(60.0, "the look ended as timed_out")),
        (Outcome.SCANNER_FAULT, Postpone(60.0, "the look ended as scanner_fault")),
    ],
)
def test_plan_after_look(outcome: Outcome, step: Step) -> None:
    """Each outcome has its step: only flagged and blocked pictures are purged, only looked-at ones forgotten."""
    assert plan_of().after_look(outcome, 0) == step


def test_plan_covers_every_outcome() -> None:
    """A new outcome is looked after: none of them is left without a step."""
    assert all(plan_of().after_look(outcome, 0) is not None for outcome in Outcome)


@pytest.mark.parametrize("outcome", [Outcome.FLAGGED, Outcome.BLOCKED])
@pytest.mark.parametrize(
    "plan",
    [plan_of(LaterLookMode.REPORT), plan_of(shadow=True), plan_of(LaterLookMode.REPORT, shadow=True)],
    ids=["report", "shadow", "both"],
)
def test_plan_removes_nothing_when_told_to_report_or_in_shadow_mode(plan: Plan, outcome: Outcome) -> None:
    """Reporting, and shadow mode whatever else is set, leave the picture where it is."""
    assert plan.after_look(outcome, 0) == Settle(How.REPORTED)


def test_plan_removes_nothing_that_would_be_accepted() -> None:
    """An admin who accepts flagged uploads keeps those that are flagged later."""
    plan = plan_of(choices={Outcome.FLAGGED: Answer.ACCEPT})
    assert plan.after_look(Outcome.FLAGGED, 0) == Settle("flagged")


def test_plan_gives_up_what_is_never_handed_out() -> None:
    """A picture that nobody gets to see is tried for days, and then given up."""
    plan = plan_of()
    steps = [plan.after_fault(tries, "status 500") for tries in range(MOST_TRIES + 1)]
    assert steps[-1] == Settle(How.NOT_SERVED)
    assert sum(step.pause_s for step in steps if isinstance(step, Postpone)) > 6 * 86_400


def test_plan_never_gives_up_what_it_could_not_purge() -> None:
    """A flagged picture that pict-rs keeps stays open for ever, once a day in the end."""
    step = plan_of().after_purge_failed(10_000, "no delete token")
    assert (step.pause_s, step.reason) == (LONGEST_PAUSE_S, f"{PURGING}; no delete token")


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("", "status 500", "status 500"),
        ("status 500", "not yet", "not yet"),
        (PURGING, "status 500", f"{PURGING}; status 500"),
        (f"{PURGING}; kept", f"{PURGING}; kept", f"{PURGING}; kept"),
    ],
)
def test_reason_after_keeps_that_a_purge_was_begun(old: str, new: str, kept: str) -> None:
    """A newer reason takes the place of an older one, but not of the fact that pict-rs was told to purge."""
    assert reason_after(old, new) == kept


def test_next_pause_grows_to_a_bound() -> None:
    """Pauses double and end at a day, however many tries there were."""
    pauses = [next_pause_s(tries) for tries in (0, 1, 2, 50, 100_000)]
    assert pauses == [60.0, 120.0, 240.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
