"""Setting aside."""

from __future__ import annotations

import pytest

from coordinator.dispatch.faults import FAULTS_BEFORE_ASIDE, FIRST_PAUSE_S, MOST_DOUBLINGS, SHARED_FAULT_S, Faults

WELL = ("well",)


def fail(
    faults: Faults, scanner: str, at_s: float, *, times: int = FAULTS_BEFORE_ASIDE, others: tuple[str, ...]
) -> None:
    """Let a scanner fail at work that began just before, once every millisecond."""
    for number in range(times):
        now = at_s + 0.001 * number
        faults.note(scanner, "internal", others, since_s=now - 0.0005, now=now)


def test_scanner_with_repeated_faults_is_set_aside() -> None:
    """Three in a row; the reason and the next try are kept."""
    faults = Faults()
    fail(faults, "bad", 10.0, times=FAULTS_BEFORE_ASIDE - 1, others=WELL)
    assert not faults.is_aside("bad", 10.0)
    assert faults.is_on_trial("bad")
    fail(faults, "bad", 11.0, times=1, others=WELL)
    assert faults.is_aside("bad", 11.0)
    assert faults.next_trial_s(11.0) == 11.0 + FIRST_PAUSE_S
    record = faults.record("bad")
    assert record is not None
    assert record.reason == "internal"
    assert not faults.is_aside("bad", 11.0 + FIRST_PAUSE_S)


def test_pause_grows_with_every_further_fault() -> None:
    """Twice as long each time, up to a limit, however long it goes on."""
    faults, now, pauses = Faults(), 0.0, []
    fail(faults, "bad", now, times=FAULTS_BEFORE_ASIDE - 1, others=WELL)
    for _ in range(1100):
        now = max(now, 1.0) + 1.0
        fail(faults, "bad", now, times=1, others=WELL)
        pauses.append(faults.next_trial_s(now) - now)
        now = faults.next_trial_s(now)
    assert pauses[:3] == pytest.approx([5.0, 10.0, 20.0])
    assert pauses[-1] == pytest.approx(FIRST_PAUSE_S * 2**MOST_DOUBLINGS)


def test_result_forgives() -> None:
    """After a result nothing is held against a scanner."""
    faults = Faults()
    fail(faults, "bad", 1.0, others=WELL)
    faults.forgive("bad")
    assert not faults.is_aside("bad", 1.1)
    assert not faults.is_on_trial("bad")
    assert faults.record("bad") is None
    assert faults.next_trial_s(1.1) == float("inf")


def test_work_that_failed_together_counts_once() -> None:
    """A batch of many scans that fails is one fault."""
    faults = Faults()
    for _ in range(64):
        faults.note("bad", "internal", WELL, since_s=0.5, now=1.0)
    record = faults.record("bad")
    assert record is not None
    assert record.count == 1


def test_only_scanner_is_not_set_aside() -> None:
    """There is nobody to go to instead."""
    faults = Faults()
    fail(faults, "only", 1.0, others=())
    assert not faults.is_aside("only", 1.0)


def test_fault_of_all_sets_none_aside() -> None:
    """When all others failed just before, the cause is not this scanner's."""
    faults = Faults()
    fail(faults, "one", 1.0, times=1, others=("two",))
    fail(faults, "two", 1.0, others=("one",))
    assert not faults.is_aside("two", 1.1)
    fail(faults, "two", 1.0 + 2 * SHARED_FAULT_S, times=1, others=("one",))
    assert faults.is_aside("two", 1.1 + 2 * SHARED_FAULT_S)


def test_last_good_scanner_is_not_set_aside() -> None:
    """One that is set aside itself is no help."""
    faults = Faults()
    fail(faults, "one", 1.0, others=("two",))
    assert faults.is_aside("one", 1.1)
    fail(faults, "two", 4.0, others=("one",))
    assert not faults.is_aside("two", 4.1)
