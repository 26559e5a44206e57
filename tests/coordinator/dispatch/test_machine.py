"""Events in, commands out."""

from __future__ import annotations

from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import RETURN_GRACE_S, Machine
from shared.messages import FailureKind, Lane

FRAME = 150_528


class Story:
    """A machine with a clock, whose invariants are checked after every event."""

    def __init__(self) -> None:
        self.machine = Machine(now=-RETURN_GRACE_S)
        self.now = 0.0

    def feed(self, event: ev.Event, *, after_s: float = 0.0) -> list[ev.Command]:
        self.now += after_s
        commands = self.machine.handle(event, self.now)
        self.machine.validate(self.now)
        return [command for command in commands if not isinstance(command, ev.WakeAt)]

    def ready(self, generation: int, scanner: str, capacity: int = 8) -> list[ev.Command]:
        self.feed(ev.ScannerJoined(generation, scanner, capacity))
        return self.feed(ev.ScannerReady(generation))

    def submit(self, scan: str, *, frames: int = 1, left_s: float = 8.0, lane: Lane = Lane.LIVE) -> list[ev.Command]:
        return self.feed(ev.ScanSubmitted(scan, lane, frames, FRAME, self.now + left_s))


def test_scan_without_scanner_is_settled_at_once() -> None:
    """Nobody there, nobody expected: no_scanner."""
    assert Story().submit("a") == [ev.Settle("a", ev.Shortfall.NO_SCANNER)]


def test_scan_with_ready_scanner_is_pushed_and_scored() -> None:
    """A scan goes to the ready scanner; its scores settle it."""
    story = Story()
    story.ready(1, "one")
    assert story.submit("a") == [ev.Push(1, "a", 1, 1, 8.0)]
    scored = ev.Scored(1, "one", 1, 1, "scores")
    assert story.feed(ev.ResultArrived(1, "a", 1, "scores"), after_s=0.1) == [ev.Settle("a", scored)]
    assert not story.machine.scans


def test_scan_of_a_scanner_that_left_goes_to_another() -> None:
    """A lost scanner's scan is with another in the same step."""
    story = Story()
    story.ready(1, "one")
    story.submit("a")
    story.ready(2, "two")
    assert story.feed(ev.ScannerLeft(1), after_s=1.0) == [ev.Push(2, "a", 2, 1, 7.0)]


def test_scan_that_cost_two_scanners_is_a_fault() -> None:
    """Two scanners failed on it: it is not tried on a third."""
    story = Story()
    for generation, name in ((1, "one"), (2, "two"), (3, "three")):
        story.ready(generation, name)
    (first,) = story.submit("a")
    assert isinstance(first, ev.Push)
    (second,) = story.feed(ev.PushFailed(first.generation, "a", 1, FailureKind.INTERNAL))
    assert isinstance(second, ev.Push)
    end = story.feed(ev.PushFailed(second.generation, "a", 2, FailureKind.INTERNAL))
    assert end == [ev.Settle("a", ev.Shortfall.SCANNER_FAULT)]


def test_silent_scanner_loses_its_scan_to_another() -> None:
    """Late after 1.5 s and the time for the line: pushed once more, and the first result wins."""
    story = Story()
    story.ready(1, "one")
    story.submit("a")
    story.ready(2, "two")
    story.feed(ev.FramesReceived(1, "a", 1), after_s=0.1)
    (push,) = story.feed(ev.Tick(), after_s=1.6)
    assert isinstance(push, ev.Push)
    assert (push.generation, push.attempt) == (2, 2)
    commands = story.feed(ev.ResultArrived(2, "a", 2, "scores"), after_s=0.1)
    assert commands == [ev.Settle("a", ev.Scored(2, "two", 2, 1, "scores")), ev.Cancel(1, "a")]


def test_deadline_settles_as_timed_out() -> None:
    """A scan is settled at its deadline, and not cancelled."""
    story = Story()
    story.ready(1, "one")
    story.submit("a")
    assert story.feed(ev.Tick(), after_s=8.0) == [ev.Settle("a", ev.Shortfall.TIMED_OUT)]
