"""Events in, commands out: the usual way, nobody there, and waking up."""

from __future__ import annotations

import pytest

from coordinator.dispatch import events as ev
from coordinator.dispatch.fleet import RETURN_GRACE_S
from coordinator.dispatch.machine import Machine
from coordinator.dispatch.state import MIN_SILENCE_S
from shared.messages import Lane
from tests.coordinator.dispatch.fleets import FRAME, Story


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
