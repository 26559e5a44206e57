"""The promises of dispatch, checked from outside: from events and commands alone, never from the machine's state."""

from __future__ import annotations

from dataclasses import dataclass, field

from coordinator.dispatch import events as ev
from coordinator.dispatch.invariants import InvariantError
from shared.messages import FailureKind, Lane
from tests.simulation.box import scores_of

MOST_COSTS = 2
"""A scan that cost so many scanners is not tried on another (design, section 5)."""


class PromiseBrokenError(InvariantError):
    """The machine did what it must never do."""


@dataclass(slots=True)
class SeenScan:
    """An upload's scan, from outside."""

    scan: str
    lane: Lane
    frames: int
    submitted_s: float
    deadline_s: float
    end: ev.Scored | ev.Shortfall | None = None
    ended_s: float = 0.0
    abandoned: bool = False
    attempts: int = 0
    costs: int = 0
    names: set[str] = field(default_factory=set)
    on: set[int] = field(default_factory=set)
    pinned: int | None = None
    """The only scanner that a spot check may go to."""

    @property
    def is_open(self) -> bool:
        """Say whether an answer is still owed."""
        return self.end is None and not self.abandoned


@dataclass(slots=True)
class SeenScanner:
    """A connection, from outside."""

    generation: int
    name: str
    capacity: int
    takes: bool = False
    drains: bool = False
    reserved: int = 0
    """Frames of an admin's trial."""
    has: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Scan to attempt and frames."""


class Watcher:
    """Follow every event and command, and raise PromiseBrokenError when a promise is broken."""

    def __init__(self, *, late_s: float) -> None:
        """Take how late the owner's timer may be."""
        self.scans: dict[str, SeenScan] = {}
        self.scanners: dict[int, SeenScanner] = {}
        self.pushes = 0
        self.extra_pushes = 0
        self.wake_at_s = float("inf")
        self._late_s = late_s
        self._open: dict[str, SeenScan] = {}
        self._swept = False
        self._held: set[str] = set()
        self._sleeps: list[tuple[float, float]] = []

    def note_sleep(self, from_s: float, until_s: float) -> None:
        """Excuse answers that were due while the owner could do nothing."""
        self._sleeps.append((from_s, until_s))

    def see(self, event: ev.Event, now: float) -> None:
        """Take an event before the machine does."""
        self._swept = False
        match event:
            case ev.ScannerJoined():
                self.scanners[event.generation] = SeenScanner(event.generation, event.scanner, event.capacity)
            case ev.ScannerLeft():
                self._lose(event.generation)
            case ev.ScanSubmitted():
                seen = SeenScan(event.scan, event.lane, event.frames, now, event.deadline_s)
                self.scans[event.scan] = seen
                self._open[event.scan] = seen
            case ev.SpotCheckSubmitted():
                check = SeenScan(event.scan, Lane.SWEEP, event.frames, now, event.deadline_s, pinned=event.generation)
                self.scans[event.scan] = check
                self._open[event.scan] = check
            case ev.ScanAbandoned():
                if event.scan in self._open:
                    self._open.pop(event.scan).abandoned = True
            case ev.ResultArrived() | ev.PushFailed():
                self._give_back(event)
            case ev.Tick():
                self.wake_at_s = float("inf")
            case _:
                self._see_change(event)

    def check(self, commands: list[ev.Command], now: float) -> None:
        """Check what the machine said to do, in this order, and its wake-up."""
        for command in commands:
            match command:
                case ev.Push():
                    self._check_push(command, now)
                case ev.Cancel():
                    self._check_cancel(command)
                case ev.Settle():
                    self._check_settle(command, now)
                case ev.Fence():
                    self.hold(command.generation in self.scanners, "fenced a connection that is not there")
                    self._lose(command.generation)
                case ev.WakeAt():
                    self.hold(command.at_s > now, "asked to be woken in the past")
                    self.wake_at_s = command.at_s
        tested = [scan for scanner in self.scanners.values() if scanner.reserved for scan in scanner.has]
        beside = [scan for scan in tested if self.scans[scan].pinned is not None]
        self.hold(not beside, "a spot check beside an admin's trial", *beside[:1])
        if self._swept:
            waiting = [seen.scan for seen in self._open.values() if seen.lane is Lane.LIVE and not seen.on]
            self.hold(not waiting, "a sweep was pushed while live scans wait", *waiting[:1])

    def check_timer(self, now: float) -> None:
        """Check that the machine will be woken in time for every deadline."""
        first_s = min((seen.deadline_s for seen in self._open.values()), default=float("inf"))
        self.hold(self.wake_at_s <= max(first_s, now), "will not be woken at a deadline")

    def has(self, generation: int, scan: str, attempt: int) -> bool:
        """Say whether a scanner was pushed a scan, in this attempt, and neither finished nor lost it."""
        scanner = self.scanners.get(generation)
        return scanner is not None and scan in scanner.has and scanner.has[scan][0] == attempt

    def hold(self, truth: bool, fault: str, scan: str = "") -> None:
        """Raise PromiseBrokenError unless it is true."""
        if not truth:
            raise PromiseBrokenError(f"{fault} ({scan})" if scan else fault)

    def _see_change(self, event: ev.Event) -> None:
        match event:
            case ev.ScannerReady() if event.generation in self.scanners:
                self.scanners[event.generation].takes = True
            case ev.ScannerDraining() if event.generation in self.scanners:
                self.scanners[event.generation].drains = True
            case ev.LoadChanged() if event.generation in self.scanners:
                self.scanners[event.generation].capacity = event.capacity
            case ev.RoomReserved() if event.generation in self.scanners:
                self.scanners[event.generation].reserved = event.frames
            case ev.ScannerHeld(name, is_held):
                self._held = self._held | {name} if is_held else self._held - {name}
            case _:
                pass

    def _give_back(self, event: ev.ResultArrived | ev.PushFailed) -> None:
        if not self.has(event.generation, event.scan, event.attempt):
            return
        del self.scanners[event.generation].has[event.scan]
        seen = self.scans[event.scan]
        seen.on.discard(event.generation)
        if isinstance(event, ev.PushFailed) and event.kind is not FailureKind.BUSY:
            seen.costs += 1

    def _lose(self, generation: int) -> None:
        scanner = self.scanners.pop(generation, None)
        for scan in scanner.has if scanner is not None else ():
            self.scans[scan].costs += 1
            self.scans[scan].on.discard(generation)

    def _check_push(self, push: ev.Push, now: float) -> None:
        scanner, seen = self.scanners.get(push.generation), self.scans[push.scan]
        self.hold(scanner is not None, "pushed to a scanner that left", push.scan)
        assert scanner is not None
        self.hold(scanner.takes and not scanner.drains, "pushed to a scanner that is not ready", push.scan)
        self.hold(scanner.name not in self._held, "pushed to a scanner that an admin holds", push.scan)
        self.hold(seen.is_open, "pushed a scan that is settled", push.scan)
        self.hold(seen.pinned in (None, push.generation), "spot-checked by another scanner", push.scan)
        beside = [scan for scan in scanner.has if seen.pinned is not None or self.scans[scan].pinned is not None]
        self.hold(not beside, "a spot check beside other work", push.scan)
        self.hold(scanner.name not in seen.names, "pushed twice to the same scanner", push.scan)
        self.hold(seen.costs < MOST_COSTS, "pushed a scan that cost two scanners", push.scan)
        self.hold(push.attempt == seen.attempts + 1, "attempts are not counted", push.scan)
        self.hold(1 <= push.frames <= seen.frames, "pushed frames that are not there", push.scan)
        self.hold(0.0 < push.left_s == seen.deadline_s - now, "told the wrong time left", push.scan)
        self.pushes += 1
        self.extra_pushes += bool(seen.on)
        self.hold(len(seen.on) < 2, "pushed to three scanners at once", push.scan)
        seen.attempts = push.attempt
        seen.names.add(scanner.name)
        seen.on.add(push.generation)
        scanner.has[push.scan] = (push.attempt, push.frames)
        in_flight = sum(frames for _, frames in scanner.has.values()) + scanner.reserved
        self.hold(in_flight <= scanner.capacity, "pushed more than a scanner's capacity", push.scan)
        self._swept = self._swept or seen.lane is Lane.SWEEP

    def _check_cancel(self, cancel: ev.Cancel) -> None:
        scanner, seen = self.scanners.get(cancel.generation), self.scans[cancel.scan]
        self.hold(scanner is not None and cancel.scan in scanner.has, "cancelled what is not there", cancel.scan)
        assert scanner is not None
        self.hold(not seen.is_open, "cancelled a scan that is open", cancel.scan)
        del scanner.has[cancel.scan]
        seen.on.discard(cancel.generation)

    def _check_settle(self, settle: ev.Settle, now: float) -> None:
        seen = self.scans[settle.scan]
        self.hold(seen.end is None, "settled twice", settle.scan)
        self.hold(not seen.abandoned, "settled after it was abandoned", settle.scan)
        due_s = max(seen.deadline_s, seen.submitted_s)
        late_s = now - max(
            [due_s, *(until for since, until in self._sleeps if since - self._late_s <= due_s <= until <= now)]
        )
        self.hold(late_s <= self._late_s, "settled after its deadline", settle.scan)
        end = settle.end
        if isinstance(end, ev.Scored):
            true = scores_of(end.scanner, settle.scan, end.attempt, end.frames)
            self.hold(end.scores == true, "settled with scores of another push", settle.scan)
        elif end is ev.Shortfall.TIMED_OUT:
            self.hold(now >= due_s, "timed out before its deadline", settle.scan)
        elif end is ev.Shortfall.SCANNER_FAULT:
            self.hold(seen.costs >= MOST_COSTS, "gave up before two scanners failed", settle.scan)
        seen.end, seen.ended_s = end, now
        self._open.pop(settle.scan, None)
