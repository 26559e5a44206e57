"""The dispatch machine: events in, commands out. `Machine.handle` is the only way to change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from coordinator.dispatch import events as ev
from coordinator.dispatch.choice import Choice, Chooser, frames_before, least_busy
from coordinator.dispatch.deadlines import LATE_RESULT_S, Deadlines
from coordinator.dispatch.faults import MOST_FAULTS, Faults
from coordinator.dispatch.fleet import RETURN_GRACE_S as RETURN_GRACE_S
from coordinator.dispatch.fleet import Fleet
from coordinator.dispatch.invariants import check
from coordinator.dispatch.lanes import LaneLimits, Queue, make_queues
from coordinator.dispatch.spot_checks import SpotChecks
from coordinator.dispatch.state import PushState, ScannerState, ScanState
from coordinator.dispatch.turn import Turn
from shared.messages import FailureKind, Lane

EXTRA_PUSH_SHARE = 0.05
EXTRA_PUSH_BURST = 16
"""Extra pushes stay below a share of all scans, beyond the first few."""

LOOK_AHEAD = 8
"""Scans offered to free scanners at one event, so that a long queue does not make every event dear."""


class Machine:
    """Assign scans to scanners. The owner passes every event with the time, and carries out the commands in order."""

    def __init__(
        self,
        *,
        limits: LaneLimits | None = None,
        choose: Chooser = least_busy,
        extra_push_burst: int = EXTRA_PUSH_BURST,
        now: float = 0.0,
    ) -> None:
        self.fleet = Fleet(now)
        self.scans: dict[str, ScanState] = {}
        self.queues = make_queues(limits or LaneLimits())
        self.spot_checks = SpotChecks(self.fleet, self.queues)
        self.silent: dict[str, ScanState] = {}
        self.timed_out: dict[str, ScanState] = {}
        self.submitted = 0
        self.extra_pushes = 0
        self._choose = choose
        self._extra_push_burst = extra_push_burst
        self._deadlines = Deadlines(self.scans, self.timed_out)
        self._wake_at_s = float("inf")
        self._commands: list[ev.Command] = []
        self._stirred = False
        self._handlers: Mapping[type[Any], Callable[[Any, float], None]] = {
            ev.ScannerJoined: self._on_joined,
            ev.ScannerReady: lambda event, _: self.fleet.note_ready(event.generation),
            ev.ScannerDraining: self._on_draining,
            ev.ScannerLeft: self._on_left,
            ev.LoadChanged: self._on_load,
            ev.RoomReserved: lambda event, _: self.fleet.note_reserved(event.generation, event.frames),
            ev.ScannerHeld: lambda event, _: self.fleet.note_held(event.scanner, is_held=event.is_held),
            ev.ScannerForgiven: lambda event, _: self.faults.forgive(event.scanner),
            ev.ScanSubmitted: self._on_submitted,
            ev.SpotCheckSubmitted: lambda event, now: None,
            ev.ScanAbandoned: self._on_abandoned,
            ev.FramesReceived: self._on_received,
            ev.FramesDone: self._on_done,
            ev.ResultArrived: self._on_result,
            ev.PushFailed: self._on_failed,
            ev.Tick: self._on_tick,
        }

    def handle(self, event: ev.Event, now: float) -> list[ev.Command]:
        """Take one event at a time that never goes back, and return what the owner must do, in this order."""
        self._commands = []
        # News of progress frees nothing, so that it needs no look at the queues; a sign of life after silence does.
        self._stirred = not isinstance(event, ev.FramesReceived | ev.FramesDone)
        self._handlers[type(event)](event, now)
        self._expire(now)
        self._look_for_late(now)
        if self._stirred:
            self._assign(now)
        self._commands = self.spot_checks.follow(event, self._commands, now)
        self._ask_to_wake(now)
        return self._commands

    def validate(self, now: float) -> None:
        """Raise InvariantError when the state contradicts itself; see `invariants`."""
        check(self, now)

    @property
    def scanners(self) -> dict[int, ScannerState]:
        """The connected scanners by generation."""
        return self.fleet.scanners

    @property
    def faults(self) -> Faults:
        """What is known of the faults of scanners, connected or not."""
        return self.fleet.faults

    def usable(self, now: float) -> Iterator[ScannerState]:
        """Yield the scanners that may be pushed to."""
        return self.fleet.usable(now)

    # What happens to scanners

    def _on_joined(self, event: ev.ScannerJoined, now: float) -> None:
        for old in self.fleet.join(event.generation, event.scanner, event.capacity, now):
            self._commands.append(ev.Fence(old.generation))
            self._lose(old, now)

    def _on_left(self, event: ev.ScannerLeft, now: float) -> None:
        scanner = self.scanners.get(event.generation)
        if scanner is not None:
            self._lose(scanner, now)

    def _on_draining(self, event: ev.ScannerDraining, now: float) -> None:
        self.fleet.note_draining(event.generation)

    def _on_load(self, event: ev.LoadChanged, now: float) -> None:
        self.fleet.note_load(event.generation, event.capacity, event.frames_per_s)

    def _lose(self, scanner: ScannerState, now: float) -> None:
        """Take a scanner out; its scans go elsewhere at once."""
        for push in self.fleet.lose(scanner, now):
            self._attempt_failed(scanner, push, now, costs=True)

    # What happens to scans

    def _on_submitted(self, event: ev.ScanSubmitted, now: float) -> None:
        self.submitted += 1
        scan = ScanState(event.scan, event.lane, event.frames, event.frame_bytes, now, event.deadline_s)
        self.scans[scan.scan] = scan
        self._deadlines.add(scan.deadline_s, scan.scan, open_scans=len(self.scans) + len(self.timed_out))
        scan.tell(now, f"submitted: {scan.lane}, {scan.frames} frames, {scan.deadline_s - now:.3f} s left")
        self._wait(scan, now)

    def _on_abandoned(self, event: ev.ScanAbandoned, now: float) -> None:
        scan = self.scans.get(event.scan)
        if scan is not None:
            self._forget(scan)
            self._cancel(scan, now)

    def _on_received(self, event: ev.FramesReceived, now: float) -> None:
        found = self.fleet.push_of(event.generation, event.scan, event.attempt)
        if found is not None and found[1].received_s is None:
            scanner, push = found
            self._note_sign(scanner, now)
            scanner.note_received(push, now)

    def _on_done(self, event: ev.FramesDone, now: float) -> None:
        found = self.fleet.push_of(event.generation, event.scan, event.attempt)
        if found is not None and found[1].done < event.done < found[1].frames:
            scanner, push = found
            self._note_sign(scanner, now)
            push.done = event.done

    def _on_result(self, event: ev.ResultArrived, now: float) -> None:
        found = self.fleet.push_of(event.generation, event.scan, event.attempt)
        if found is None:
            return
        scanner, push = found
        self._note_sign(scanner, now)
        scanner.note_result(push, now)
        self.faults.forgive(scanner.scanner)
        scan = self._take_back(scanner, push, now)
        if scan is not None:
            scored = ev.Scored(scanner.generation, scanner.scanner, push.attempt, push.frames, event.scores)
            self._settle(scan, scored, now)

    def _on_failed(self, event: ev.PushFailed, now: float) -> None:
        found = self.fleet.push_of(event.generation, event.scan, event.attempt)
        if found is None:
            return
        scanner, push = found
        self._note_sign(scanner, now)
        is_busy = event.kind is FailureKind.BUSY
        if not is_busy:
            self.fleet.note_fault(scanner, str(event.kind), push.pushed_s, now)
        self._attempt_failed(scanner, push, now, costs=not is_busy)

    def _on_tick(self, event: ev.Tick, now: float) -> None:
        self._wake_at_s = float("inf")

    def _note_sign(self, scanner: ScannerState, now: float) -> None:
        """Take a sign of progress; what the scanner holds needs no extra push then."""
        if scanner.is_late:
            self._stirred = True
            for name in scanner.pushes:
                self.silent.pop(name, None)
        scanner.note_sign(now)

    def _take_back(self, scanner: ScannerState, push: PushState, now: float) -> ScanState | None:
        """End a push, and return its scan unless that is settled."""
        scanner.remove(push, now)
        late = self.timed_out.get(push.scan)
        if late is not None:
            del late.on[scanner.generation]
            if not late.on:
                del self.timed_out[push.scan]
            return None
        self.silent.pop(push.scan, None)
        scan = self.scans[push.scan]
        del scan.on[scanner.generation]
        return scan

    def _attempt_failed(self, scanner: ScannerState, push: PushState, now: float, *, costs: bool) -> None:
        scan = self._take_back(scanner, push, now)
        if scan is None:
            return
        scan.faults += 1 if costs else 0
        scan.tell(now, f"attempt {push.attempt} failed on {scanner.scanner}")
        if not scan.is_waiting:
            return
        if scan.faults < MOST_FAULTS:
            self._wait(scan, now)
        else:
            self._settle(scan, ev.Shortfall.SCANNER_FAULT, now)

    def _settle(self, scan: ScanState, end: ev.Scored | ev.Shortfall, now: float) -> None:
        self._commands.append(ev.Settle(scan.scan, end))
        self._forget(scan)
        if end is not ev.Shortfall.TIMED_OUT:
            self._cancel(scan, now)
        elif scan.on:
            # Not cancelled: its late result is of use outside, and the scanner is busy with it.
            self.timed_out[scan.scan] = scan
            self._deadlines.add(now + LATE_RESULT_S, scan.scan, open_scans=len(self.scans) + len(self.timed_out))

    def _forget(self, scan: ScanState) -> None:
        del self.scans[scan.scan]
        self.queues[scan.lane].discard(scan)
        self.silent.pop(scan.scan, None)

    def _cancel(self, scan: ScanState, now: float) -> None:
        for generation in scan.on:
            scanner = self.scanners[generation]
            scanner.remove(scanner.pushes[scan.scan], now)
            self._commands.append(ev.Cancel(generation, scan.scan))
        scan.on.clear()

    # What follows from the time and the state

    def _wait(self, scan: ScanState, now: float) -> None:
        queue = self.queues[scan.lane]
        if queue.has_room_for(scan):
            queue.add(scan)
        else:
            self._settle(scan, ev.Shortfall.OVERLOADED, now)

    def _expire(self, now: float) -> None:
        while (name := self._deadlines.take_due(now)) is not None:
            self._stirred = True
            late = self.timed_out.pop(name, None)
            if late is not None:
                self._cancel(late, now)
            else:
                self._settle(self.scans[name], ev.Shortfall.TIMED_OUT, now)

    def _look_for_late(self, now: float) -> None:
        """Note what silent scanners hold: it may be pushed once more."""
        for scanner in self.fleet.take_late(now):
            self._stirred = True
            for name in scanner.pushes:
                scan = self.scans.get(name)
                # To be late is to have cost a scanner, as far as can be known yet.
                if scan is not None and len(scan.on) == 1 and scan.faults + 1 < MOST_FAULTS:
                    self.silent[name] = scan

    def _assign(self, now: float) -> None:
        for lane, queue in self.queues.items():
            if queue:
                self._assign_lane(lane, queue, now)
            if queue:
                return
        if self.silent:
            self._push_extra(now)

    def _assign_lane(self, lane: Lane, queue: Queue, now: float) -> None:
        turn = Turn(lane, list(self.usable(now)))
        if not turn.scanners:
            for scan in queue:
                self._nobody_for(scan, now)
            return
        frames = self._refuse_last(queue, turn.scanners, now)
        offers = 0
        for place, scan in enumerate(queue):
            if turn.is_over or offers == LOOK_AHEAD:
                break
            candidates = turn.candidates(scan)
            if not candidates:
                self._nobody_for(scan, now)
                continue
            # Scans that only busy scanners may take must not keep a free one from those behind them.
            if turn.has_free(candidates):
                offers += 1
            elif place >= LOOK_AHEAD:
                continue
            scan.looks = queue.share(scan, frames)
            choice = self._choose(scan, candidates, waiting=turn.waiting, now=now)
            if choice is None:
                self._settle(scan, ev.Shortfall.OVERLOADED, now)
            elif turn.has_room(choice):
                queue.discard(scan)
                frames -= choice.frames
                self._push(scan, choice, now)
                turn.note_push(choice.scanner, takes_more=self.fleet.takes_more(choice.scanner))
            else:
                turn.wait_for(choice)

    def _refuse_last(self, queue: Queue, scanners: list[ScannerState], now: float) -> int:
        """Settle at once what comes too late even if all before it get one look; return how many frames can be done."""
        while queue:
            scan = queue.last()
            frames = frames_before(scan, scanners, now)
            if len(queue) <= frames:
                return frames
            self._settle(scan, ev.Shortfall.OVERLOADED, now)
        return 0

    def _nobody_for(self, scan: ScanState, now: float) -> None:
        """Settle a scan that no scanner can take, unless one may be free, or back, before long."""
        if not self.fleet.may_take(scan, now):
            was_busy = scan.attempts > scan.faults
            self._settle(scan, ev.Shortfall.OVERLOADED if was_busy else ev.Shortfall.NO_SCANNER, now)

    def _push_extra(self, now: float) -> None:
        """Push once more what is with a silent scanner. Nothing else waits: an extra push takes nobody's place."""
        for scan in sorted(self.silent.values(), key=lambda scan: (scan.lane is not Lane.LIVE, scan.order)):
            turn = Turn(scan.lane, list(self.usable(now)))
            most = self._extra_push_burst + EXTRA_PUSH_SHARE * self.submitted
            if not turn.scanners or self.extra_pushes >= most:
                return
            scan.looks = scan.frames
            choice = self._choose(scan, turn.candidates(scan), waiting=turn.waiting, now=now)
            if choice is not None and turn.has_room(choice):
                self.extra_pushes += 1
                del self.silent[scan.scan]
                self._push(scan, choice, now)

    def _push(self, scan: ScanState, choice: Choice, now: float) -> None:
        push = scan.begin(choice.scanner, choice.frames, now)
        choice.scanner.add(push)
        left_s = scan.deadline_s - now
        self._commands.append(ev.Push(choice.scanner.generation, scan.scan, push.attempt, choice.frames, left_s))

    def _ask_to_wake(self, now: float) -> None:
        """Name the next time at which something happens by itself."""
        at_s = min(self._deadlines.next_s, self.fleet.next_change_s(now), self.spot_checks.next_s)
        if any(self.queues.values()) and now < self.fleet.expected_until_s:
            at_s = min(at_s, self.fleet.expected_until_s)
        if at_s < self._wake_at_s:
            self._wake_at_s = at_s
            self._commands.append(ev.WakeAt(at_s))
