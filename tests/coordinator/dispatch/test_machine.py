"""Events in, commands out."""

from __future__ import annotations

import pytest

from coordinator.dispatch import events as ev
from coordinator.dispatch.fleet import RETURN_GRACE_S
from coordinator.dispatch.lanes import LaneLimits
from coordinator.dispatch.machine import EXTRA_PUSH_SHARE, LATE_RESULT_S, Machine
from coordinator.dispatch.state import MIN_SILENCE_S
from shared.messages import FailureKind, Lane
from tests.coordinator.dispatch.fleets import FRAME, Story

# Nobody there


def test_scan_without_scanner_is_settled_at_once() -> None:
    """Nobody there, nobody expected: no_scanner."""
    assert Story().submit("a") == [ev.Settle("a", ev.Shortfall.NO_SCANNER)]


def test_scan_waits_for_a_scanner_that_is_expected() -> None:
    """After the start, and after a scanner was lost, scans wait a little; then they are settled."""
    machine = Machine(now=0.0)
    assert machine.handle(ev.ScanSubmitted("a", Lane.LIVE, 1, FRAME, 8.0), 0.0) == [ev.WakeAt(RETURN_GRACE_S)]
    settled, wake = machine.handle(ev.Tick(), RETURN_GRACE_S)[0], RETURN_GRACE_S
    assert (settled, wake) == (ev.Settle("a", ev.Shortfall.NO_SCANNER), RETURN_GRACE_S)


def test_scan_waits_for_a_scanner_that_comes_back() -> None:
    """A scan that came while the only scanner was away is pushed when it is back."""
    story = Story()
    story.ready(1, "one")
    story.feed(ev.ScannerLeft(1))
    assert story.submit("a") == []
    story.feed(ev.ScannerJoined(2, "one", 8), after_s=1.0)
    assert story.feed(ev.ScannerReady(2), after_s=1.0) == [ev.Push(2, "a", 1, 1, 6.0)]


def test_scan_that_waits_is_settled_when_the_last_scanner_pauses() -> None:
    """A paused scanner is as good as none."""
    story = Story()
    story.ready(1, "one", 1)
    story.push("a")
    story.submit("b")
    assert story.feed(ev.LoadChanged(1, 0)) == [ev.Settle("b", ev.Shortfall.NO_SCANNER)]


# The usual way


def test_scan_with_ready_scanner_is_pushed_and_scored() -> None:
    """A scan goes to the ready scanner; its scores settle it; nothing is left."""
    story = Story()
    story.ready(1, "one")
    push = story.push("a")
    assert push == ev.Push(1, "a", 1, 1, 8.0)
    story.feed(ev.FramesReceived(1, "a", 1), after_s=0.1)
    scored = ev.Scored(1, "one", 1, 1, "scores")
    assert story.finish(push, after_s=0.1) == [ev.Settle("a", scored)]
    assert not story.machine.scans
    assert story.machine.scanners[1].is_idle


def test_scan_waits_while_nobody_has_room() -> None:
    """Never more in flight than a scanner takes; the next goes when one comes back."""
    story = Story()
    story.ready(1, "one", 2)
    first = story.push("a", frames=2)
    assert story.submit("b") == []
    assert story.finish(first, after_s=0.1)[-1] == ev.Push(1, "b", 1, 1, 7.9)


def test_waiting_scans_go_by_deadline() -> None:
    """Earliest deadline first."""
    story = Story()
    story.ready(1, "one", 1)
    first = story.push("a")
    story.submit("b", left_s=9.0)
    story.submit("c", left_s=5.0)
    pushes = [command for command in story.finish(first, after_s=0.1) if isinstance(command, ev.Push)]
    assert [push.scan for push in pushes] == ["c"]


def test_live_scans_go_before_sweeps() -> None:
    """A sweep that waits longer still waits while anybody does."""
    story = Story()
    story.ready(1, "one", 1)
    first = story.push("a")
    story.submit("sweep", lane=Lane.SWEEP, left_s=5.0)
    story.submit("live", left_s=7.0)
    second = story.finish(first, after_s=0.1)[-1]
    assert isinstance(second, ev.Push)
    assert second.scan == "live"
    third = story.finish(second, after_s=0.1)[-1]
    assert isinstance(third, ev.Push)
    assert third.scan == "sweep"


def test_sweep_with_many_frames_gets_half_of_a_scanner() -> None:
    """It is pushed with the looks that fit, rather than wait for room that it never gets."""
    story = Story()
    story.ready(1, "one", 8)
    assert story.push("a", frames=16, lane=Lane.SWEEP, left_s=60.0).frames == 4


def test_larger_scan_is_not_overtaken_for_ever() -> None:
    """Less urgent scans leave the room for which a larger one waits."""
    story = Story()
    story.ready(1, "one", 4, frames_per_s=100.0)
    pushes = [story.push(name) for name in "abcd"]
    story.submit("large", frames=4, left_s=7.0)
    story.submit("small", left_s=8.0)
    for push in pushes[:3]:
        assert [type(command) for command in story.finish(push, after_s=0.01)] == [ev.Settle]
    last = story.finish(pushes[3], after_s=0.01)[-1]
    assert isinstance(last, ev.Push)
    assert (last.scan, last.frames) == ("large", 4)


# Too little time or room


def test_scan_that_nobody_can_finish_in_time_is_refused_at_once() -> None:
    """When not one look fits: overloaded, in the same step."""
    story = Story()
    story.ready(1, "one", frames_per_s=0.1)
    assert story.submit("a", left_s=5.0) == [ev.Settle("a", ev.Shortfall.OVERLOADED)]


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


def test_late_results_of_two_scanners_are_both_awaited() -> None:
    """After an extra push, both scanners are busy with a scan that timed out, until each is through."""
    story = Story()
    make_silent(story)
    (second,) = story.feed(ev.Tick(), after_s=1.6)
    assert isinstance(second, ev.Push)
    story.feed(ev.Tick(), after_s=6.4)
    assert list(story.machine.timed_out) == ["a"]
    story.finish(second)
    assert list(story.machine.timed_out) == ["a"]
    story.finish(ev.Push(1, "a", 1, 1, 0.0))
    assert not story.machine.timed_out


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


# Scanners that fail


def test_scan_of_a_scanner_that_left_goes_to_another() -> None:
    """A lost scanner's scan is with another in the same step."""
    story = Story()
    story.ready(1, "one")
    story.push("a")
    story.ready(2, "two")
    assert story.feed(ev.ScannerLeft(1), after_s=1.0) == [ev.Push(2, "a", 2, 1, 7.0)]


def test_scan_is_never_tried_twice_on_the_same_scanner() -> None:
    """Not even when the scanner comes back with a new connection."""
    story = Story()
    story.ready(1, "one")
    story.push("a")
    story.feed(ev.ScannerLeft(1))
    assert story.ready(2, "one") == []
    assert story.feed(ev.Tick(), after_s=RETURN_GRACE_S) == [ev.Settle("a", ev.Shortfall.NO_SCANNER)]


def test_scan_that_cost_two_scanners_is_a_fault() -> None:
    """Two scanners failed on it: it is not tried on a third."""
    story = Story()
    for generation, name in ((1, "one"), (2, "two"), (3, "three")):
        story.ready(generation, name)
    first = story.push("a")
    (second,) = story.feed(ev.PushFailed(first.generation, "a", 1, FailureKind.INTERNAL))
    assert isinstance(second, ev.Push)
    end = story.feed(ev.PushFailed(second.generation, "a", 2, FailureKind.INTERNAL))
    assert end == [ev.Settle("a", ev.Shortfall.SCANNER_FAULT)]


def test_busy_scanner_costs_nothing() -> None:
    """Busy is no fault: the scan goes elsewhere, and without anybody else there is no room for it."""
    story = Story()
    story.ready(1, "one")
    story.ready(2, "two")
    first = story.push("a")
    (second,) = story.feed(ev.PushFailed(first.generation, "a", 1, FailureKind.BUSY))
    assert isinstance(second, ev.Push)
    end = story.feed(ev.PushFailed(second.generation, "a", 2, FailureKind.BUSY))
    assert end == [ev.Settle("a", ev.Shortfall.OVERLOADED)]
    assert story.machine.faults.record("one") is None


def test_scanner_that_fails_again_and_again_is_set_aside() -> None:
    """Others get its scans; later it is tried again."""
    story = Story()
    story.ready(1, "bad", frames_per_s=100.0)
    story.ready(2, "good", frames_per_s=1.0)
    for number in range(3):
        push = story.push(f"s{number}")
        assert push.generation == 1
        story.feed(ev.PushFailed(1, push.scan, 1, FailureKind.DEVICE_LOST), after_s=0.01)
    assert story.machine.faults.is_aside("bad", story.now)
    assert story.push("next").generation == 2
    assert story.wake_at_s <= story.now + 5.0
    story.now += 5.0
    for generation, scan, attempt in ((2, "s0", 2), (2, "s1", 2), (2, "s2", 2), (2, "next", 1)):
        story.feed(ev.ResultArrived(generation, scan, attempt, "scores"))
    assert story.push("trial").generation == 1


def test_new_connection_fences_the_old_one() -> None:
    """The scanner is back while its old connection looks alive: what was on the old one is lost."""
    story = Story()
    story.ready(1, "one")
    push = story.push("a")
    story.ready(2, "two")
    commands = story.feed(ev.ScannerJoined(3, "one", 8), after_s=0.1)
    assert commands == [ev.Fence(1), ev.Push(2, "a", 2, 1, 7.9)]
    assert story.finish(push) == []
    assert story.feed(ev.ScannerLeft(1)) == []


def test_draining_scanner_gets_nothing_and_finishes() -> None:
    """No more pushes; what it has, it returns."""
    story = Story()
    story.ready(1, "one")
    push = story.push("a")
    story.feed(ev.ScannerDraining(1))
    assert story.submit("b") == [ev.Settle("b", ev.Shortfall.NO_SCANNER)]
    assert [type(command) for command in story.finish(push)] == [ev.Settle]


# Messages that are about nothing


@pytest.mark.parametrize(
    "event",
    [
        ev.ResultArrived(1, "a", 2, "scores"),
        ev.ResultArrived(2, "a", 1, "scores"),
        ev.ResultArrived(9, "a", 1, "scores"),
        ev.ResultArrived(1, "nobody", 1, "scores"),
        ev.PushFailed(1, "a", 2, FailureKind.INTERNAL),
        ev.FramesReceived(1, "a", 2),
        ev.FramesDone(1, "a", 2, 1),
        ev.FramesDone(1, "a", 1, 0),
        ev.FramesDone(1, "a", 1, 99),
        ev.ScanAbandoned("nobody"),
        ev.ScannerLeft(9),
        ev.ScannerReady(9),
    ],
)
def test_message_about_nothing_changes_nothing(event: ev.Event) -> None:
    """Old attempts, strangers, and frames that cannot be: no command, and the scan goes on."""
    story = Story()
    story.ready(1, "one", frames_per_s=100.0)
    story.ready(2, "two")
    push = story.push("a", frames=2)
    assert push.generation == 1
    assert story.feed(event) == []
    assert [type(command) for command in story.finish(push)] == [ev.Settle]


def test_abandoned_scan_is_cancelled() -> None:
    """Nobody waits: the scanner is told, and nothing is settled."""
    story = Story()
    story.ready(1, "one")
    push = story.push("a")
    assert story.feed(ev.ScanAbandoned("a")) == [ev.Cancel(1, "a")]
    assert story.finish(push) == []
    assert not story.machine.scans


def test_abandoned_scan_that_waits_is_forgotten() -> None:
    """It takes nobody's place."""
    story = Story()
    story.ready(1, "one", 1)
    push = story.push("a")
    story.submit("b")
    assert story.feed(ev.ScanAbandoned("b")) == []
    assert [type(command) for command in story.finish(push)] == [ev.Settle]


# Silence


def make_silent(story: Story) -> None:
    """Let scanner 1 have all frames of a scan, and then say nothing until it is late; scanner 2 is there."""
    story.ready(1, "one")
    story.push("a")
    story.ready(2, "two")
    story.feed(ev.FramesReceived(1, "a", 1), after_s=0.1)


def test_silent_scanner_loses_its_scan_to_another() -> None:
    """Late after 1.5 s: pushed once more, and the first result wins."""
    story = Story()
    make_silent(story)
    assert story.wake_at_s == pytest.approx(0.1 + MIN_SILENCE_S, abs=0.2)
    (push,) = story.feed(ev.Tick(), after_s=1.6)
    assert isinstance(push, ev.Push)
    assert (push.generation, push.attempt) == (2, 2)
    assert story.machine.extra_pushes == 1
    assert story.finish(push, after_s=0.1) == [ev.Settle("a", ev.Scored(2, "two", 2, 1, "scores")), ev.Cancel(1, "a")]


def test_silent_scanner_may_still_win() -> None:
    """The first result counts, from wherever it comes; the other push is cancelled."""
    story = Story()
    make_silent(story)
    story.feed(ev.Tick(), after_s=1.6)
    first = ev.Push(1, "a", 1, 1, 0.0)
    assert story.finish(first, after_s=0.1) == [ev.Settle("a", ev.Scored(1, "one", 1, 1, "scores")), ev.Cancel(2, "a")]


def test_sign_of_life_ends_the_wait_for_an_extra_push() -> None:
    """While no other scanner has room, the silent one may come to its senses."""
    story = Story()
    story.ready(1, "one")
    story.push("a", frames=4)
    story.feed(ev.FramesReceived(1, "a", 1), after_s=0.1)
    assert story.feed(ev.Tick(), after_s=1.6) == []
    assert list(story.machine.silent) == ["a"]
    story.feed(ev.FramesDone(1, "a", 1, 1), after_s=0.1)
    assert not story.machine.silent
    assert story.ready(2, "two") == []


def test_silent_scanner_gets_nothing_new() -> None:
    """Uploads go to others while a scanner is late."""
    story = Story()
    make_silent(story)
    story.feed(ev.Tick(), after_s=1.6)
    assert story.push("b").generation == 2


def test_extra_push_waits_for_those_who_have_none() -> None:
    """It takes nobody's place: a scan that nobody works on goes first."""
    story = Story()
    story.ready(1, "one")
    story.push("a")
    story.feed(ev.FramesReceived(1, "a", 1), after_s=0.1)
    story.ready(2, "two", 1)
    second = story.submit("b")
    story.feed(ev.LoadChanged(1, 0))
    held = [command for command in second if isinstance(command, ev.Push) and command.generation == 2]
    story.submit("c")
    story.feed(ev.Tick(), after_s=1.6)
    assert "a" in story.machine.silent
    if not held:
        held = [ev.Push(2, "b", 1, 1, 0.0)]
    commands = story.finish(held[0], after_s=0.01)
    assert [command.scan for command in commands if isinstance(command, ev.Push)] == ["c"]


def test_extra_pushes_stay_below_their_share() -> None:
    """Beyond the first few, one in twenty scans at most; the next one waits for its scanner."""
    story = Story(extra_push_burst=0)
    make_silent(story)
    assert EXTRA_PUSH_SHARE == 0.05
    (push,) = story.feed(ev.Tick(), after_s=1.6)
    assert isinstance(push, ev.Push)
    story.finish(push, after_s=0.1)
    again = story.push("b")
    story.feed(ev.FramesReceived(again.generation, "b", 1), after_s=0.1)
    assert story.feed(ev.Tick(), after_s=2.5) == []
    assert story.machine.extra_pushes == 1


def test_scan_gets_one_extra_push_only() -> None:
    """Two silent scanners are enough: a third might fall silent as well."""
    story = Story()
    make_silent(story)
    story.feed(ev.Tick(), after_s=1.6)
    story.ready(3, "three")
    assert story.feed(ev.Tick(), after_s=3.0) == []


def test_scan_that_cost_a_scanner_gets_no_extra_push() -> None:
    """A scanner that is silent over it is the second one that it costs."""
    story = Story()
    story.ready(1, "one")
    story.push("a")
    story.ready(2, "two")
    story.feed(ev.ScannerLeft(1))
    story.ready(3, "three")
    assert story.feed(ev.Tick(), after_s=3.0) == []
    assert not story.machine.silent


def test_silent_scanner_that_is_lost_costs_once() -> None:
    """The extra push goes on alone."""
    story = Story()
    make_silent(story)
    (push,) = story.feed(ev.Tick(), after_s=1.6)
    assert isinstance(push, ev.Push)
    assert story.feed(ev.ScannerLeft(1), after_s=0.1) == []
    assert [type(command) for command in story.finish(push)] == [ev.Settle]


def test_scan_waits_for_the_only_scanner_to_come_to_its_senses() -> None:
    """While it has just fallen silent; later it counts as gone."""
    story = Story()
    story.ready(1, "one")
    story.push("a")
    story.feed(ev.Tick(), after_s=2.0)
    assert story.submit("b") == []
    assert story.feed(ev.Tick(), after_s=RETURN_GRACE_S) == [ev.Settle("b", ev.Shortfall.NO_SCANNER)]


def test_all_silent_at_once_sets_none_aside() -> None:
    """When the coordinator itself stood still, everybody seems silent."""
    story = Story()
    for generation, name in ((1, "one"), (2, "two"), (3, "three")):
        story.ready(generation, name)
    pushes = [story.push(name) for name in "abc"]
    assert len({push.generation for push in pushes}) == 3
    assert story.feed(ev.Tick(), after_s=5.0) == []
    for push in pushes:
        story.finish(push)
    assert not any(story.machine.faults.record(name) for name in ("one", "two", "three"))


# Waking up


def test_machine_asks_to_be_woken_for_the_next_thing_only() -> None:
    """A later wish does not replace an earlier one; after a tick all wishes are new."""
    story = Story()
    story.ready(1, "one")
    story.push("a", left_s=1.0)
    assert story.wake_at_s == 1.0
    commands = story.machine.handle(ev.ScanSubmitted("b", Lane.LIVE, 1, FRAME, 8.0), 0.0)
    assert not any(isinstance(command, ev.WakeAt) for command in commands)
    story.feed(ev.Tick(), after_s=1.0)
    assert story.wake_at_s == pytest.approx(MIN_SILENCE_S, abs=0.5)
