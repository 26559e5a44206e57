"""A machine with a clock, and scanners and scans with plain figures, for the tests of this folder."""

from __future__ import annotations

from coordinator.dispatch import events as ev
from coordinator.dispatch.lanes import LaneLimits
from coordinator.dispatch.machine import RETURN_GRACE_S, Machine
from coordinator.dispatch.state import Phase, PushState, ScannerState, ScanState
from shared.messages import Lane

FRAME = 150_528
FAST_LINE = 1e12


def make_scanner(
    generation: int = 1,
    *,
    capacity: int = 8,
    seconds_per_frame: float = 0.1,
    link_bytes_per_s: float = FAST_LINE,
    idle_since_s: float = 0.0,
) -> ScannerState:
    """Return a ready scanner of a known speed, on a line that costs nothing unless told otherwise."""
    scanner = ScannerState(generation, f"scanner{generation}", capacity, idle_since_s, Phase.READY)
    scanner.seconds_per_frame = seconds_per_frame
    scanner.link_bytes_per_s = link_bytes_per_s
    return scanner


def make_scan(
    scan: str = "a", *, lane: Lane = Lane.LIVE, frames: int = 1, submitted_s: float = 0.0, deadline_s: float = 8.0
) -> ScanState:
    """Return a scan that was just submitted and may have all of its looks."""
    return ScanState(scan, lane, frames, FRAME, submitted_s, deadline_s, looks=frames)


def make_push(scan: str = "a", *, lane: Lane = Lane.LIVE, frames: int = 1, pushed_s: float = 0.0) -> PushState:
    """Return a first attempt at a scan."""
    return PushState(scan, 1, lane, frames, frames * FRAME, pushed_s)


class Story:
    """A machine with a clock, whose invariants are checked after every event."""

    def __init__(self, *, limits: LaneLimits | None = None, extra_push_burst: int = 16) -> None:
        self.machine = Machine(limits=limits, extra_push_burst=extra_push_burst, now=-RETURN_GRACE_S)
        self.now = 0.0
        self.wake_at_s = float("inf")

    def feed(self, event: ev.Event, *, after_s: float = 0.0) -> list[ev.Command]:
        """Pass an event after some seconds, and return the commands without the wake-ups."""
        self.now += after_s
        if isinstance(event, ev.Tick):
            self.wake_at_s = float("inf")
        commands = self.machine.handle(event, self.now)
        self.machine.validate(self.now)
        for command in commands:
            if isinstance(command, ev.WakeAt):
                self.wake_at_s = command.at_s
        return [command for command in commands if not isinstance(command, ev.WakeAt)]

    def ready(self, generation: int, scanner: str, capacity: int = 8, *, frames_per_s: float = 0.0) -> list[ev.Command]:
        """Let a scanner join and be ready."""
        self.feed(ev.ScannerJoined(generation, scanner, capacity))
        self.feed(ev.LoadChanged(generation, capacity, frames_per_s))
        return self.feed(ev.ScannerReady(generation))

    def submit(self, scan: str, *, frames: int = 1, left_s: float = 8.0, lane: Lane = Lane.LIVE) -> list[ev.Command]:
        """Submit a scan with so many seconds left."""
        return self.feed(ev.ScanSubmitted(scan, lane, frames, FRAME, self.now + left_s))

    def push(self, scan: str, *, frames: int = 1, left_s: float = 8.0, lane: Lane = Lane.LIVE) -> ev.Push:
        """Submit a scan that is pushed at once, and return the push."""
        (push,) = self.submit(scan, frames=frames, left_s=left_s, lane=lane)
        assert isinstance(push, ev.Push)
        return push

    def finish(self, push: ev.Push, *, after_s: float = 0.0) -> list[ev.Command]:
        """Let the scores of a push arrive."""
        return self.feed(ev.ResultArrived(push.generation, push.scan, push.attempt, "scores"), after_s=after_s)
