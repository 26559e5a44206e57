"""Events in, commands out: spot checks, which get idle time only."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coordinator.dispatch import events as ev
from coordinator.dispatch.invariants import InvariantError
from coordinator.dispatch.spot_checks import ATTEMPT
from coordinator.dispatch.state import ScannerState
from shared.messages import FailureKind, Lane
from tests.coordinator.dispatch.fleets import Story, make_push

NO_SCANNER = ev.Settle("c", ev.Shortfall.NO_SCANNER)


def check(story: Story, *, generation: int = 1, frames: int = 2, left_s: float = 10.0) -> list[ev.Command]:
    """Submit a spot check."""
    return story.feed(ev.SpotCheckSubmitted("c", generation, frames, story.now + left_s))


def takers(story: Story) -> list[int]:
    """Return who may be given a spot check, by generation."""
    return [taker.generation for taker in story.machine.spot_checks.takers(story.now)]


def test_spot_check_goes_to_the_idle_scanner_that_was_named() -> None:
    """It is pushed at once, once, and comes back scored, without any trace in what is known of the scanner."""
    story = Story()
    story.ready(1, "one")
    story.ready(2, "two")
    assert takers(story) == [1, 2]
    assert check(story, generation=2) == [ev.Push(2, "c", ATTEMPT, 2, 10.0)]
    assert takers(story) == [1]
    assert story.machine.scanners[2].is_idle
    story.feed(ev.FramesReceived(2, "c", ATTEMPT), after_s=0.1)
    scored = ev.Scored(2, "two", ATTEMPT, 2, "scores")
    assert story.feed(ev.ResultArrived(2, "c", ATTEMPT, "scores"), after_s=1.0) == [ev.Settle("c", scored)]
    assert not story.machine.spot_checks
    assert story.machine.submitted == 0


def test_spot_check_takes_no_more_than_the_capacity() -> None:
    """A scanner that takes one frame gets one."""
    story = Story()
    story.ready(1, "one", capacity=1)
    assert check(story) == [ev.Push(1, "c", ATTEMPT, 1, 10.0)]


def test_spot_check_of_a_busy_scanner_ends_at_once() -> None:
    """A scanner at work, with a spot check, or that is not there, gets none."""
    story = Story()
    story.ready(1, "one")
    story.push("a")
    assert check(story) == [NO_SCANNER]
    assert check(story, generation=7) == [NO_SCANNER]
    story.finish(ev.Push(1, "a", 1, 1, 0.0), after_s=0.1)
    assert check(story, left_s=0.0) == [NO_SCANNER]
    check(story)
    assert story.feed(ev.SpotCheckSubmitted("d", 1, 1, 99.0)) == [ev.Settle("d", ev.Shortfall.NO_SCANNER)]


def test_spot_check_is_not_given_while_anything_waits() -> None:
    """A scan waits for another scanner: whoever is idle is left for what may come of it."""
    story = Story()
    story.ready(1, "one", capacity=1)
    story.ready(2, "two", capacity=1)
    first, second = story.push("a"), story.push("b")
    story.feed(ev.PushFailed(second.generation, "b", 1, FailureKind.BUSY), after_s=0.01)
    assert story.machine.scanners[second.generation].is_idle
    assert takers(story) == []
    assert check(story, generation=second.generation) == [NO_SCANNER]
    story.finish(first, after_s=0.01)
    assert takers(story) == [second.generation]


@pytest.mark.parametrize("lane", Lane)
def test_spot_check_makes_way_for_a_scan(lane: Lane) -> None:
    """A scan comes to its scanner: the spot check is ended and cancelled before the push."""
    story = Story()
    story.ready(1, "one", capacity=1)
    check(story, frames=1)
    push = ev.Push(1, "a", 1, 1, 8.0)
    assert story.submit("a", lane=lane) == [NO_SCANNER, ev.Cancel(1, "c"), push]
    assert story.feed(ev.ResultArrived(1, "c", ATTEMPT, "scores")) == []
    assert story.finish(push) == [ev.Settle("a", ev.Scored(1, "one", 1, 1, "scores"))]


def test_spot_check_makes_way_for_a_trial() -> None:
    """An admin has its scanner tested: the spot check is ended and cancelled, and none is given before that is over."""
    story = Story()
    story.ready(1, "one")
    assert story.feed(ev.RoomReserved(1, 0)) == []
    check(story)
    assert story.feed(ev.RoomReserved(1, 1)) == [NO_SCANNER, ev.Cancel(1, "c")]
    assert takers(story) == []
    assert check(story) == [NO_SCANNER]
    story.feed(ev.RoomReserved(1, 0))
    assert takers(story) == [1]


def test_spot_check_does_not_outlive_its_time() -> None:
    """The machine asks to be woken for it, ends it as timed out, and cancels it."""
    story = Story()
    story.ready(1, "one")
    check(story, left_s=10.0)
    assert story.wake_at_s == 10.0
    assert story.feed(ev.Tick(), after_s=9.0) == []
    assert story.feed(ev.Tick(), after_s=1.0) == [ev.Settle("c", ev.Shortfall.TIMED_OUT), ev.Cancel(1, "c")]


def test_spot_check_that_nobody_wants_is_cancelled() -> None:
    """The one who asked has left: nothing is settled."""
    story = Story()
    story.ready(1, "one")
    check(story)
    assert story.feed(ev.ScanAbandoned("other")) == []
    assert story.feed(ev.ScanAbandoned("c")) == [ev.Cancel(1, "c")]
    assert not story.machine.spot_checks


def test_spot_check_ends_with_its_scanner() -> None:
    """A scanner leaves, is replaced by a newer connection, or fails: the spot check ends, and nobody is blamed."""
    story = Story()
    story.ready(1, "one")
    check(story)
    assert story.feed(ev.ScannerLeft(1)) == [NO_SCANNER]
    story.ready(2, "one")
    check(story, generation=2)
    assert story.feed(ev.ScannerJoined(3, "one", 8)) == [ev.Fence(2), NO_SCANNER]
    story.feed(ev.ScannerReady(3))
    check(story, generation=3)
    assert story.feed(ev.PushFailed(3, "other", ATTEMPT, FailureKind.INTERNAL)) == []
    assert story.feed(ev.PushFailed(3, "c", ATTEMPT, FailureKind.INTERNAL)) == [NO_SCANNER]
    assert story.machine.faults.record("one") is None


def test_spot_check_is_not_given_to_a_scanner_on_trial() -> None:
    """A scanner whose last scan failed has something to prove first."""
    story = Story()
    story.ready(1, "one")
    push = story.push("a")
    story.feed(ev.PushFailed(1, "a", push.attempt, FailureKind.INTERNAL), after_s=0.1)
    assert takers(story) == []
    assert check(story) == [NO_SCANNER]


def have_a_scan(scanner: ScannerState) -> None:
    scanner.add(make_push("a"))


def be_tested(scanner: ScannerState) -> None:
    scanner.reserved_frames = 1


@pytest.mark.parametrize("tamper", [have_a_scan, be_tested])
def test_invariants_find_a_spot_check_beside_other_work(tamper: Callable[[ScannerState], None]) -> None:
    """A spot check of a scanner that has a scan, or is tested by an admin, is a contradiction."""
    story = Story()
    story.ready(1, "one")
    check(story)
    tamper(story.machine.scanners[1])
    with pytest.raises(InvariantError):
        story.machine.validate(story.now)


def test_spot_check_heeds_its_own_attempt_only() -> None:
    """What a scanner says of another attempt is about nothing that it has."""
    story = Story()
    story.ready(1, "one")
    check(story)
    assert story.feed(ev.ResultArrived(1, "c", ATTEMPT + 1, "scores"), after_s=0.1) == []
    assert story.feed(ev.PushFailed(1, "c", ATTEMPT - 1, FailureKind.INTERNAL), after_s=0.1) == []
    assert len(story.machine.spot_checks) == 1
    scored = ev.Scored(1, "one", ATTEMPT, 2, "scores")
    assert story.feed(ev.ResultArrived(1, "c", ATTEMPT, "scores"), after_s=0.1) == [ev.Settle("c", scored)]
