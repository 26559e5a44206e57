"""Events in, commands out: too little time or room."""

from __future__ import annotations

from coordinator.dispatch import events as ev
from coordinator.dispatch.deadlines import LATE_RESULT_S
from coordinator.dispatch.lanes import LaneLimits
from shared.messages import FailureKind, Lane
from tests.coordinator.dispatch.fleets import Story


def test_scan_that_nobody_can_finish_in_time_is_refused_at_once() -> None:
    """When not one look fits: overloaded, in the same step; but an idle scanner is tried, for only a result tells."""
    story = Story()
    story.ready(1, "one", frames_per_s=0.1)
    (tried,) = story.submit("a", left_s=5.0)
    assert isinstance(tried, ev.Push)
    assert story.submit("b", left_s=5.0) == [ev.Settle("b", ev.Shortfall.OVERLOADED)]


def test_scan_behind_too_many_is_refused_at_once() -> None:
    """What would come too late behind all that waits is told so when it comes."""
    story = Story()
    story.ready(1, "one", 1, frames_per_s=1.0)
    ends = [story.submit(f"s{number}") for number in range(20)]
    refused = [number for number, end in enumerate(ends) if end and isinstance(end[0], ev.Settle)]
    assert refused == list(range(refused[0], 20))
    assert 5 <= refused[0] <= 8


def test_waiting_scan_that_cannot_be_in_time_any_more_is_refused() -> None:
    """When its turn comes and not one look fits, there is no point in pushing."""
    story = Story()
    story.ready(1, "one", 1, frames_per_s=10.0)
    push = story.push("a")
    assert story.submit("b", left_s=1.0) == []
    assert story.submit("c", left_s=20.0) == []
    refused, pushed = story.finish(push, after_s=0.98)[1:]
    assert refused == ev.Settle("b", ev.Shortfall.OVERLOADED)
    assert isinstance(pushed, ev.Push)
    assert pushed.scan == "c"


def test_last_in_the_queue_is_refused_when_prospects_shrink() -> None:
    """A scanner leaves, and not all that wait can be served in time: the last are told at once."""
    story = Story()
    story.ready(1, "one", 1, frames_per_s=1.0)
    story.ready(2, "two", 1, frames_per_s=1.0)
    for number in range(12):
        story.submit(f"s{number}")
    waiting = len(story.machine.queues[Lane.LIVE])
    commands = story.feed(ev.ScannerLeft(2), after_s=0.1)
    refused = [command for command in commands if isinstance(command, ev.Settle)]
    assert 0 < len(refused) < waiting
    assert {settle.end for settle in refused} == {ev.Shortfall.OVERLOADED}


def test_scan_gets_fewer_looks_when_time_is_short() -> None:
    """As many as fit, the most valuable first."""
    story = Story()
    story.ready(1, "one", 64, frames_per_s=2.0)
    push = story.push("a", frames=16, left_s=4.0)
    assert 1 < push.frames < 8


def test_scans_share_looks_when_not_all_fit() -> None:
    """Under pressure everybody gets a look before anybody gets all."""
    story = Story()
    story.ready(1, "one", 16, frames_per_s=4.0)
    first = story.push("first", frames=16)
    for number in range(4):
        assert story.submit(f"s{number}", frames=16) == []
    story.finish(first, after_s=0.1)
    pushed = [scan.looks for scan in story.machine.scans.values() if scan.on]
    assert pushed
    assert all(1 <= looks < 16 for looks in pushed)


def test_full_queue_refuses() -> None:
    """What waits is bounded."""
    story = Story(limits=LaneLimits(scans=1))
    story.ready(1, "one", 1, frames_per_s=100.0)
    story.push("a")
    assert story.submit("b") == []
    assert story.submit("c") == [ev.Settle("c", ev.Shortfall.OVERLOADED)]


def test_deadline_settles_as_timed_out() -> None:
    """A scan is settled at its deadline, and not cancelled: its late result is of use outside."""
    story = Story()
    story.ready(1, "one")
    push = story.push("a")
    assert story.feed(ev.Tick(), after_s=8.0) == [ev.Settle("a", ev.Shortfall.TIMED_OUT)]
    assert story.machine.scanners[1].frames_in_flight == 1
    assert story.finish(push, after_s=1.0) == []
    assert story.machine.scanners[1].is_idle
    assert not story.machine.timed_out


def test_late_result_is_not_waited_for_for_ever() -> None:
    """Work that a scanner has lost does not fill it up."""
    story = Story()
    story.ready(1, "one")
    story.push("a")
    story.feed(ev.Tick(), after_s=8.0)
    assert story.feed(ev.Tick(), after_s=LATE_RESULT_S) == [ev.Cancel(1, "a")]
    assert story.machine.scanners[1].is_idle


def test_late_failure_changes_nothing() -> None:
    """A scan that timed out is not tried again."""
    story = Story()
    story.ready(1, "one")
    story.push("a")
    story.feed(ev.Tick(), after_s=8.0)
    assert story.feed(ev.PushFailed(1, "a", 1, FailureKind.INTERNAL)) == []


def test_scan_without_time_is_settled_at_once() -> None:
    """A deadline that has passed is a deadline."""
    story = Story()
    story.ready(1, "one")
    assert story.submit("a", left_s=0.0) == [ev.Settle("a", ev.Shortfall.TIMED_OUT)]
