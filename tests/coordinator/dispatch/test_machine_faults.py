"""Events in, commands out: scanners that fail, and messages about nothing."""

from __future__ import annotations

import pytest

from coordinator.dispatch import events as ev
from coordinator.dispatch.fleet import RETURN_GRACE_S
from coordinator.dispatch.machine import LOOK_AHEAD
from shared.messages import FailureKind
from tests.coordinator.dispatch.fleets import Story


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


def test_new_scan_passes_by_those_that_nobody_may_take() -> None:
    """After a reset the scanner is idle, and what it had waits for another: that keeps nobody from it."""
    story = Story()
    story.ready(1, "one", 16, frames_per_s=100.0)
    for number in range(LOOK_AHEAD):
        story.push(f"s{number}")
    story.feed(ev.ScannerLeft(1))
    story.ready(2, "one", 16, frames_per_s=100.0)
    assert story.submit("new", left_s=9.0) == [ev.Push(2, "new", 1, 1, 9.0)]


def test_new_scan_passes_by_those_that_wait_for_a_busy_scanner() -> None:
    """After a reset the scanner is idle, and what it had waits until the only other one has room."""
    story = Story()
    story.ready(1, "one", 16, frames_per_s=100.0)
    for number in range(LOOK_AHEAD + 2):
        story.push(f"s{number}")
    story.ready(2, "two", 1, frames_per_s=10.0)
    assert len([c for c in story.feed(ev.ScannerLeft(1)) if isinstance(c, ev.Push)]) == 1
    story.ready(3, "one", 16, frames_per_s=100.0)
    assert story.submit("new", left_s=9.0) == [ev.Push(3, "new", 1, 1, 9.0)]


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
