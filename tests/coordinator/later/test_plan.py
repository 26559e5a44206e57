"""What becomes of a debt, decided without any clock or pict-rs."""

from __future__ import annotations

import pytest

from coordinator.judge.outcomes import JUDGED_BAD, Answer, LaterLookMode, Mode, Outcome, OutcomeTable
from coordinator.later.plan import (
    LONGEST_PAUSE_S,
    MOST_TRIES,
    NOT_THERE,
    NOT_THERE_PAUSES_S,
    PURGING,
    Cause,
    How,
    Leave,
    Plan,
    Postpone,
    Purge,
    Settle,
    Step,
    cause_of,
    next_pause_s,
    tries_of,
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
    steps = [plan.after_search(tries, NOT_THERE) for tries in range(len(NOT_THERE_PAUSES_S) + 1)]
    assert [step.pause_s for step in steps if isinstance(step, Postpone)] == list(NOT_THERE_PAUSES_S)
    assert steps[-1] == Settle(How.NEVER_STORED)
    everywhere = [plan.looks_everywhere(tries, NOT_THERE) for tries in range(len(steps))]
    assert everywhere == [False] * (len(steps) - 1) + [True]
    assert (plan.after_search(0, ""), plan.looks_everywhere(0, "")) == (steps[0], everywhere[0])


@pytest.mark.parametrize("reason", ["status 500", "the look ended as scanner_fault"])
def test_plan_counts_searches_only(reason: str) -> None:
    """A picture that was put off for another cause is searched for as often as any, and everywhere at once."""
    plan = plan_of()
    assert plan.after_search(MOST_TRIES, reason) == Postpone(NOT_THERE_PAUSES_S[0], NOT_THERE)
    assert plan.looks_everywhere(1, reason)


@pytest.mark.parametrize("reason", [NOT_THERE, "the look ended as timed_out"])
def test_plan_counts_faults_only(reason: str) -> None:
    """A picture that was often put off for another cause is not given up over its first fault."""
    step = plan_of().after_fault(MOST_TRIES, reason, "status 500", is_served=False)
    assert step == Postpone(60.0, "status 500")


@pytest.mark.parametrize("reason", [NOT_THERE, "status 500"])
def test_plan_counts_looks_only(reason: str) -> None:
    """The pause after a look that failed is as long as such looks are many."""
    plan = plan_of()
    ended = "the look ended as timed_out"
    assert plan.after_look(Outcome.TIMED_OUT, 5, reason) == Postpone(60.0, ended)
    assert plan.after_look(Outcome.TIMED_OUT, 5, ended) == Postpone(1920.0, ended)


def test_plan_knows_its_own_purge_again() -> None:
    """What is gone after pict-rs was told to purge it was purged, whether that call failed or a crash came between."""
    plan = plan_of()
    failed = plan.after_purge_failed(0, "", "kept under 1 aliases")
    assert plan.after_search(0, PURGING) == Settle(How.PURGED)
    assert plan.after_search(5, failed.reason) == Settle(How.PURGED)
    assert plan.looks_everywhere(0, PURGING)
    assert plan.looks_everywhere(1, failed.reason)


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
    assert plan_of().after_look(outcome, 0, "") == step


def test_plan_covers_every_outcome() -> None:
    """A new outcome is looked after: none of them is left without a step."""
    assert all(plan_of().after_look(outcome, 0, "") is not None for outcome in Outcome)


@pytest.mark.parametrize("outcome", [Outcome.FLAGGED, Outcome.BLOCKED])
@pytest.mark.parametrize(
    "plan",
    [plan_of(LaterLookMode.REPORT), plan_of(shadow=True), plan_of(LaterLookMode.REPORT, shadow=True)],
    ids=["report", "shadow", "both"],
)
def test_plan_removes_nothing_when_told_to_report_or_in_shadow_mode(plan: Plan, outcome: Outcome) -> None:
    """Reporting, and shadow mode whatever else is set, leave the picture where it is."""
    assert plan.after_look(outcome, 0, "") == Settle(How.REPORTED)


def test_plan_removes_nothing_that_would_be_accepted() -> None:
    """An admin who accepts flagged uploads keeps those that are flagged later."""
    plan = plan_of(choices={Outcome.FLAGGED: Answer.ACCEPT})
    assert plan.after_look(Outcome.FLAGGED, 0, "") == Settle("flagged")


def test_plan_gives_up_what_is_never_handed_out() -> None:
    """A picture that nobody gets to see is tried for days, and then given up; one that others may see never is."""
    plan, reason = plan_of(), "no answer in time"
    steps = [plan.after_fault(tries, reason, "status 500", is_served=False) for tries in range(MOST_TRIES + 1)]
    assert steps[-1] == Settle(How.NOT_SERVED)
    assert plan.after_fault(10_000, reason, "status 500", is_served=True) == Postpone(LONGEST_PAUSE_S, "status 500")
    assert sum(step.pause_s for step in steps if isinstance(step, Postpone)) > 6 * 86_400


def test_plan_never_gives_up_what_it_could_not_purge() -> None:
    """A flagged picture that pict-rs keeps stays open for ever, once a day in the end."""
    step = plan_of().after_purge_failed(10_000, PURGING, "no delete token")
    assert (step.pause_s, step.reason) == (LONGEST_PAUSE_S, f"{PURGING}; no delete token")


@pytest.mark.parametrize("reason", [PURGING, f"{PURGING}; no delete token"])
def test_plan_never_gives_up_what_was_flagged(reason: str) -> None:
    """Faults, and looks that are no verdict, neither settle what was flagged nor make that forgotten."""
    plan = plan_of()
    no_verdict = set(Outcome) - {*JUDGED_BAD, Outcome.CLEAN, Outcome.ALLOWED, Outcome.NO_SCANNER, Outcome.OVERLOADED}
    steps = [
        plan.after_fault(10_000, reason, "status 500", is_served=False),
        plan.after_look(Outcome.CLEAN, 10_000, reason, partial=True),
        *(plan.after_look(outcome, 10_000, reason) for outcome in no_verdict),
    ]
    assert steps[:2] == [
        Postpone(LONGEST_PAUSE_S, f"{PURGING}; status 500"),
        Postpone(LONGEST_PAUSE_S, f"{PURGING}; the look ended as clean"),
    ]
    assert all(isinstance(step, Postpone) and cause_of(step.reason) is Cause.PURGE for step in steps)


@pytest.mark.parametrize("outcome", [Outcome.CLEAN, Outcome.ALLOWED])
def test_plan_forgets_what_was_flagged_and_is_cleared(outcome: Outcome) -> None:
    """A verdict by another policy, and an admin, have the last word."""
    assert plan_of().after_look(outcome, 3, PURGING) == Settle(outcome.value)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("status 500", Cause.FAULT),
        (NOT_THERE, Cause.NOT_THERE),
        ("the look ended as timed_out", Cause.LOOK),
        (PURGING, Cause.PURGE),
        (f"{PURGING}; the look ended as timed_out", Cause.PURGE),
    ],
)
def test_tries_count_for_one_cause(reason: str, cause: Cause) -> None:
    """A reason tells its cause, and tries count for no other; that a purge was begun goes before all."""
    assert [tries_of(other, 7, reason) for other in Cause] == [7 if other is cause else 0 for other in Cause]


def test_next_pause_grows_to_a_bound() -> None:
    """Pauses double and end at a day, however many tries there were."""
    pauses = [next_pause_s(tries) for tries in (0, 1, 2, 50, 100_000)]
    assert pauses == [60.0, 120.0, 240.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
