"""What an admin asks of single scanners: to hold them, and to try them now."""

from __future__ import annotations

from coordinator.dispatch import events as ev
from coordinator.dispatch.fleet import RETURN_GRACE_S
from coordinator.dispatch.state import FaultRecord
from tests.coordinator.dispatch.fleets import Story


def test_held_scanner_gets_nothing_new() -> None:
    """It finishes what it has; other scanners take the rest."""
    story = Story()
    story.ready(1, "one")
    story.ready(2, "two")
    first = story.push("a")
    story.feed(ev.ScannerHeld("one", True))
    assert [story.push(scan).generation for scan in "bcd"] == [2, 2, 2]
    assert isinstance(story.finish(first, after_s=0.1)[0], ev.Settle)


def test_nobody_but_held_scanners_is_nobody() -> None:
    """A scan that comes, and one that waits, end without a scanner, at once."""
    story = Story()
    story.ready(1, "one", 1)
    story.push("a")
    assert story.submit("b") == []
    assert story.feed(ev.ScannerHeld("one", True)) == [ev.Settle("b", ev.Shortfall.NO_SCANNER)]
    assert story.submit("c") == [ev.Settle("c", ev.Shortfall.NO_SCANNER)]


def test_scanner_that_is_let_go_is_pushed_to() -> None:
    """The hold outlives a connection, and ends with the next event about it; others are not touched."""
    story = Story()
    story.ready(1, "one")
    story.feed(ev.ScannerHeld("one", True))
    story.feed(ev.ScannerLeft(1))
    assert story.submit("a") == [ev.Settle("a", ev.Shortfall.NO_SCANNER)]
    story.ready(2, "one")
    assert story.submit("b", left_s=9.0) == [ev.Settle("b", ev.Shortfall.NO_SCANNER)]
    story.feed(ev.ScannerHeld("other", True))
    story.feed(ev.ScannerHeld("one", False))
    assert story.push("c").generation == 2


def test_held_scanner_that_leaves_is_not_expected_back() -> None:
    """Scans do not wait for it."""
    story = Story()
    story.now = 10 * RETURN_GRACE_S
    story.ready(1, "one")
    story.feed(ev.ScannerHeld("one", True))
    story.feed(ev.ScannerLeft(1))
    assert story.submit("a") == [ev.Settle("a", ev.Shortfall.NO_SCANNER)]


def test_scanner_that_is_forgiven_is_tried_at_once() -> None:
    """Nothing is held against it any more."""
    story = Story()
    story.ready(1, "one")
    story.machine.faults._records["one"] = FaultRecord(count=3, aside_until_s=1000.0, reason="internal")
    assert story.machine.faults.is_aside("one", story.now)
    story.feed(ev.ScannerForgiven("one"))
    assert story.machine.faults.record("one") is None
