"""What is remembered of scanners."""

from __future__ import annotations

import pytest

from coordinator.status.record import EVENTS_KEPT, LATE_AFTER_S, RESULTS_KEPT, WINDOW_S, Record
from coordinator.status.roster import FORGET_AFTER_S, Roster
from coordinator.status.scanner import Split, Timing
from tests.coordinator.status.hellos import hello, load, result
from tests.coordinator.status.situations import NOW, NOW_S, TIMELINE


def roster_with(name: str = "box") -> tuple[Roster, Record]:
    """Make a roster with one scanner that connected at 100 s."""
    roster = Roster()
    roster.greet(name, 1, hello(), "", 100.0)
    record = roster.record(name)
    assert record is not None
    return roster, record


def test_roster_splits_the_time_of_a_scan() -> None:
    """What is neither waiting nor computing at the scanner is the line, both ways."""
    roster, record = roster_with()
    roster.result("box", result(frames=3, queue_ms=10, infer_ms=50), 100.0, 100.1)
    roster.result("box", result(frames=1, queue_ms=20, infer_ms=60), 101.0, 101.2)
    timing = record.timing(102.0)
    assert (timing.results, timing.frames, record.scans, record.frames) == (2, 4, 2, 4)
    assert timing.p50_ms == Split(queue=10, link=40, infer=50, total=100)
    assert timing.p95_ms == Split(queue=20, link=120, infer=60, total=200)


@pytest.mark.parametrize(("queue_ms", "infer_ms"), [(1e6, 1e6), (1e6, 0.0), (0.0, 1e6)])
def test_roster_believes_no_time_beyond_what_was_measured(queue_ms: float, infer_ms: float) -> None:
    """A scanner that claims more than passed gets all that passed, and no part is negative."""
    roster, record = roster_with()
    roster.result("box", result(queue_ms=queue_ms, infer_ms=infer_ms), 100.0, 100.1)
    split = record.timing(100.1).p95_ms
    assert min(split.queue, split.link, split.infer) >= 0
    assert split.queue + split.link + split.infer == pytest.approx(split.total) == pytest.approx(100)


def test_roster_times_grow_old() -> None:
    """Percentiles are those of the last five minutes, also when nothing new comes; the count of scans stays."""
    roster, record = roster_with()
    roster.result("box", result(infer_ms=90), 100.0, 100.1)
    roster.result("box", result(infer_ms=10, queue_ms=0), 200.0, 200.1)
    assert record.timing(300.0).p95_ms.infer == 90
    assert record.timing(100.1 + WINDOW_S).p95_ms.infer == 10
    assert record.timing(200.1 + WINDOW_S) == Timing()
    assert record.scans == 2


def test_roster_is_bounded() -> None:
    """The newest results are kept."""
    roster, record = roster_with()
    for _ in range(3 * RESULTS_KEPT):
        roster.result("box", result(), 100.0, 100.1)
    assert (record.timing(101.0).results, record.scans) == (RESULTS_KEPT, 3 * RESULTS_KEPT)


def test_roster_silence_counts_for_those_that_report() -> None:
    """A scanner that has reported its load and falls silent is quiet; one that prepares its model may be silent."""
    roster, record = roster_with()
    assert not record.is_quiet(1000.0)
    roster.load("box", load())
    roster.sign("box", 200.0)
    assert not record.is_quiet(200.0 + LATE_AFTER_S)
    assert record.is_quiet(200.1 + LATE_AFTER_S)
    roster.sign("box", 210.0)
    assert not record.is_quiet(211.0)
    roster.leave("box", 1, "connection lost", 0, 211.0)
    assert not record.is_quiet(1000.0)


def test_roster_leaving_costs_a_fault_with_scans_in_flight() -> None:
    """And the replaced connection's end does not make the new one look gone."""
    roster, record = roster_with()
    roster.fault("box", "internal")
    roster.greet("box", 2, hello(), "", 110.0)
    roster.leave("box", 1, "a newer connection took its place", 3, 111.0)
    assert (record.generation, record.faults, record.last_fault) == (2, 2, "left with 3 scans in flight")
    roster.leave("box", 2, "connection lost", 0, 112.0)
    assert (record.generation, record.left_s, record.left_why, record.faults) == (0, 112.0, "connection lost", 2)


def test_roster_forgets_those_that_are_away() -> None:
    """After two weeks by itself, earlier when asked; never one that is connected. Strangers change nothing."""
    roster, _ = roster_with()
    assert not roster.forget("box")
    roster.forget_old(100.0 + 2 * FORGET_AFTER_S)
    assert len(roster) == 1
    roster.leave("box", 1, "", 0, 200.0)
    roster.forget_old(200.0 + FORGET_AFTER_S)
    assert len(roster) == 1
    roster.forget_old(201.0 + FORGET_AFTER_S)
    assert len(roster) == 0
    roster.restore(Record("old"))
    assert roster.forget("old")
    assert not roster.forget("old")
    roster.sign("x", 0)
    roster.load("x", load())
    roster.fault("x", "")
    roster.leave("x", 1, "", 0, 0)
    roster.result("x", result(), 0, 1)
    assert len(roster) == 0


def test_roster_tells_what_happened() -> None:
    """Coming, pauses, faults, leaving, not each report again; at most 200, the latest first, none of strangers."""
    roster, _ = roster_with()
    for reason in ("", "its hours", "its hours", ""):
        roster.sign("box", NOW_S)
        roster.load("box", load(reason=reason))
    roster.fault("box", "device lost")
    roster.leave("box", 1, "connection lost", 0, NOW_S)
    events = roster.events("box", TIMELINE)
    assert [event.what for event in reversed(events)] == [
        "connected, version 0.1.0, on cpu",
        "takes no scans: its hours",
        "takes scans again",
        "fault: device lost",
        "left: connection lost",
    ]
    assert events[0].at == NOW
    roster.greet("box", 2, hello(), "wrong model", NOW_S)
    assert roster.events("box", TIMELINE)[0].what == "gets nothing: wrong model"
    for number in range(2 * EVENTS_KEPT):
        roster.tell("box", str(number), NOW_S)
    assert len(roster.events("box", TIMELINE)) == EVENTS_KEPT
    roster.tell("stranger", "hello", NOW_S)
    assert roster.events("stranger", TIMELINE) == ()


def test_roster_counts_changes_worth_writing_down() -> None:
    """Coming, leaving and being forgotten; not each result."""
    roster, _ = roster_with()
    changes = [roster.changes]
    roster.result("box", result(), 100.0, 100.1)
    changes.append(roster.changes)
    roster.leave("box", 1, "", 0, 200.0)
    changes.append(roster.changes)
    roster.forget("box")
    changes.append(roster.changes)
    assert changes == [1, 1, 2, 3]
