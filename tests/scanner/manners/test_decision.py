"""Which reasons keep a scanner from new scans, when, and in which order."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from scanner.manners.decision import Decision, Reason, Rules
from scanner.manners.gpu import ASIDE_AFTER_S
from scanner.manners.hours import Hours
from scanner.manners.order import Order

ZONE = timezone(timedelta(hours=2))
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=ZONE)
NIGHT_SHIFT = Rules(hours=Hours.parse("22-08"))


def reasons(decision: Decision, now: datetime = NOON) -> list[Reason]:
    """Return the reasons that hold."""
    return [cause.reason for cause in decision.causes(now)]


def in_two_hours(now: datetime = NOON) -> Order:
    """Return a pause of two hours, given now."""
    return Order(now.timestamp(), True, now.timestamp() + 7200)


def test_nothing_asked_nothing_paused() -> None:
    """A scanner without any of the settings and orders works."""
    assert reasons(Decision(Rules(), None)) == []


def test_pause_runs_out() -> None:
    """A pause for two hours ends after two hours, by itself."""
    decision = Decision(Rules(), None)
    decision.note_order(in_two_hours())
    assert reasons(decision, NOON + timedelta(hours=1, minutes=59)) == [Reason.BY_HAND]
    assert reasons(decision, NOON + timedelta(hours=2)) == []


def test_pause_from_before_the_start_holds() -> None:
    """A restart does not end a pause."""
    assert reasons(Decision(Rules(), in_two_hours())) == [Reason.BY_HAND]


def test_pause_says_its_end_in_local_time() -> None:
    """Whoever reads it elsewhere sees the time zone."""
    (cause,) = Decision(Rules(), in_two_hours()).causes(NOON)
    assert cause.text == "paused on its machine until 2026-07-01 14:00 (UTC+0200)"


def test_pause_without_end_says_what_ends_it() -> None:
    """The words name the command."""
    (cause,) = Decision(Rules(), Order(0, True)).causes(NOON)
    assert cause.text == "paused on its machine until `fediward-scanner resume`"


@pytest.mark.parametrize("order", [None, Order(5, False)], ids=["no order", "an old resume"])
def test_start_pause_holds_until_an_order_is_given(order: Order | None) -> None:
    """What was ordered before the start does not end the pause of the start; what is ordered since then does."""
    decision = Decision(Rules(start_paused=True), order)
    decision.note_order(order)
    assert reasons(decision) == [Reason.AT_START]
    decision.note_order(Order(6, False))
    assert reasons(decision) == []


def test_pause_after_a_paused_start_ends_both_when_it_runs_out() -> None:
    """The last order counts: two hours mean two hours."""
    decision = Decision(Rules(start_paused=True), None)
    decision.note_order(in_two_hours())
    assert reasons(decision) == [Reason.BY_HAND]
    assert reasons(decision, NOON + timedelta(hours=3)) == []


def test_hours_pause_outside_of_them() -> None:
    """Night hours: paused by day, at work by night, on both sides of midnight."""
    decision = Decision(NIGHT_SHIFT, None)
    (cause,) = decision.causes(NOON)
    assert cause.reason is Reason.HOURS
    assert cause.text == "outside its hours, 22:00-08:00 (UTC+0200)"
    assert reasons(decision, NOON.replace(hour=23)) == []
    assert reasons(decision, NOON.replace(hour=3)) == []


def test_resume_does_not_end_the_hours() -> None:
    """Only what was paused by hand is resumed by hand."""
    decision = Decision(NIGHT_SHIFT, None)
    decision.note_order(Order(1, False))
    assert reasons(decision) == [Reason.HOURS]


def test_gpu_in_use_by_others_pauses() -> None:
    """The words name the share that the settings set, so that they do not change with every reading."""
    decision = busy_gpu(Rules(yield_gpu_percent=30))
    (cause,) = decision.causes(NOON)
    assert cause.reason is Reason.GPU
    assert cause.text == "other programs use 30 % of the GPU or more"


def test_lost_gpu_pauses_nobody() -> None:
    """Without readings there is no reason to stay away."""
    decision = busy_gpu(Rules(yield_gpu_percent=30))
    decision.note_gpu_lost()
    assert reasons(decision) == []


def test_gpu_does_not_matter_unless_asked_for() -> None:
    """Without the setting, readings are nobody's business."""
    decision = busy_gpu(Rules())
    decision.note_gpu_lost()
    assert reasons(decision) == []


def test_reasons_are_told_in_order_and_all_of_them() -> None:
    """What a person did comes first, and whoever ends one reason sees the others."""
    decision = busy_gpu(Rules(Hours.parse("22-08"), start_paused=True, yield_gpu_percent=30), Order(1, True))
    assert reasons(decision) == [Reason.BY_HAND, Reason.AT_START, Reason.HOURS, Reason.GPU]


def busy_gpu(rules: Rules, order: Order | None = None) -> Decision:
    """Return a decision that has seen others use the GPU for long enough."""
    decision = Decision(rules, order)
    decision.note_gpu(99, 0.0)
    decision.note_gpu(99, ASIDE_AFTER_S)
    return decision
