"""Events in, commands out: scanners that fall silent, and the one extra push."""

from __future__ import annotations

import pytest

from coordinator.dispatch import events as ev
from coordinator.dispatch.fleet import RETURN_GRACE_S
from coordinator.dispatch.machine import EXTRA_PUSH_SHARE
from coordinator.dispatch.state import MIN_SILENCE_S
from tests.coordinator.dispatch.fleets import Story


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
