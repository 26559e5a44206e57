"""Contradictions are found: every invariant is broken once, by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coordinator.dispatch import events as ev
from coordinator.dispatch.invariants import InvariantError
from coordinator.dispatch.machine import Machine
from coordinator.dispatch.state import Phase, ScannerState
from shared.messages import Lane
from tests.coordinator.dispatch.fleets import Story, make_push, make_scan


def make_busy() -> Story:
    """Return a machine with two scanners, a scan on one of them, and one that waits."""
    story = Story()
    story.ready(1, "one", 1)
    story.push("pushed")
    story.submit("waiting")
    story.feed(ev.ScannerJoined(2, "two", 8))
    return story


def rename(machine: Machine) -> None:
    machine.scanners[2].scanner = "one"


def miscount_frames(machine: Machine) -> None:
    machine.scanners[1].frames_in_flight += 1


def miscount_live(machine: Machine) -> None:
    machine.scanners[1].live_in_flight += 1


def miscount_line(machine: Machine) -> None:
    machine.scanners[1].unreceived_bytes += 1


def cool_down(machine: Machine) -> None:
    machine.scanners[1].phase = Phase.WARMING


def be_late(machine: Machine) -> None:
    machine.scanners[2].is_late = True


def forget_scan(machine: Machine) -> None:
    machine.queues[Lane.LIVE].discard(machine.scans["waiting"])
    del machine.scans["waiting"], machine.scans["pushed"]


def pass_deadline(machine: Machine) -> None:
    machine.scans["pushed"].deadline_s = 0.0


def wait_and_be_pushed(machine: Machine) -> None:
    machine.queues[Lane.LIVE].add(machine.scans["pushed"])


def do_neither(machine: Machine) -> None:
    machine.queues[Lane.LIVE].discard(machine.scans["waiting"])


def lose_scanner(machine: Machine) -> None:
    machine.scans["pushed"].on[9] = 2


def mix_up_attempts(machine: Machine) -> None:
    machine.scans["pushed"].on[1] = 2


def be_silent_with_nobody(machine: Machine) -> None:
    machine.silent["waiting"] = machine.scans["waiting"]


def time_out_with_nobody(machine: Machine) -> None:
    machine.timed_out["late"] = make_scan("late")


def miscount_queued_bytes(machine: Machine) -> None:
    machine.queues[Lane.LIVE].size_bytes += 1


def miscount_queued_frames(machine: Machine) -> None:
    machine.queues[Lane.LIVE].frames += 1


def overfill(machine: Machine) -> None:
    queue = machine.queues[Lane.LIVE]
    queue.limits = type(queue.limits)(scans=0)


def queue_settled(machine: Machine) -> None:
    machine.queues[Lane.LIVE].add(make_scan("settled"))


def queue_elsewhere(machine: Machine) -> None:
    scan = machine.scans["elsewhere"] = make_scan("elsewhere", lane=Lane.SWEEP)
    machine.queues[Lane.SWEEP].add(scan)
    machine.queues[Lane.LIVE].add(scan)


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (rename, "two connections of one scanner"),
        (miscount_frames, "frames in flight miscounted"),
        (miscount_live, "live frames in flight miscounted"),
        (miscount_line, "bytes on the line miscounted"),
        (cool_down, "pushed to a scanner that is not ready"),
        (be_late, "late with nothing to do"),
        (forget_scan, "a settled scan is left behind"),
        (pass_deadline, "open after its deadline"),
        (wait_and_be_pushed, "neither waits nor is pushed, or both"),
        (do_neither, "neither waits nor is pushed, or both"),
        (lose_scanner, "its scanner does not know of it"),
        (mix_up_attempts, "its scanner does not know of it"),
        (be_silent_with_nobody, "needs no extra push"),
        (time_out_with_nobody, "timed out, and open or with nobody"),
        (miscount_queued_bytes, "queued bytes miscounted"),
        (miscount_queued_frames, "queued frames miscounted"),
        (overfill, "more scans wait than are allowed"),
        (queue_settled, "a settled scan waits"),
        (queue_elsewhere, "in another lane's queue"),
    ],
)
def test_contradiction_is_found(tamper: Callable[[Machine], None], fault: str) -> None:
    """A machine whose state was tampered with does not validate."""
    story = make_busy()
    story.machine.validate(story.now)
    tamper(story.machine)
    with pytest.raises(InvariantError, match=fault):
        story.machine.validate(story.now)


def test_contradiction_tells_the_story_of_the_scan() -> None:
    """The error shows what happened to the scan before."""
    story = make_busy()
    mix_up_attempts(story.machine)
    with pytest.raises(InvariantError) as broken:
        story.machine.validate(story.now)
    assert str(broken.value).splitlines() == [
        "its scanner does not know of it",
        "  0.000 submitted: live, 1 frames, 8.000 s left",
        "  0.000 attempt 1: 1 frames to one",
    ]


def test_contradiction_without_a_scan_has_no_story() -> None:
    """Some contradictions are about a scanner alone."""
    story = make_busy()
    story.machine.scanners[2] = ScannerState(2, "one", 8, 0.0)
    story.machine.scanners[2].add(make_push("nobody"))
    with pytest.raises(InvariantError) as broken:
        story.machine.validate(story.now)
    assert broken.value.story == ()
