"""The dispatch machine: events in, commands out. `Machine.handle` is the only way to change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from coordinator.dispatch import events as ev
from coordinator.dispatch.choice import Choice, Chooser, is_in_time, least_busy, room_for
from coordinator.dispatch.deadlines import Deadlines
from coordinator.dispatch.faults import Faults
from coordinator.dispatch.invariants import check
from coordinator.dispatch.lanes import LaneLimits, Queue, make_queues
from coordinator.dispatch.state import Phase, PushState, ScannerState, ScanState
from shared.messages import FailureKind, Lane

MOST_FAULTS = 2
"""A scan that cost so many scanners is not tried on another (design, section 5)."""

EXTRA_PUSH_SHARE = 0.05
EXTRA_PUSH_BURST = 16
"""Extra pushes stay below a share of all scans, beyond the first few."""

RETURN_GRACE_S = 3.0
"""A scanner that was just lost or fell silent is expected back within this time; scans wait rather than go unseen."""

LATE_RESULT_S = 10.0
"""A result is of use outside, and the scanner counted as busy with it, for so long after its scan timed out."""

LOOK_AHEAD = 8
"""Scans considered at one event, so that a long queue does not make every event dear."""


class Machine:
    """Assign scans to scanners. The owner passes every event with the time, and carries out the commands in order."""

    def __init__(self, *, limits: LaneLimits | None = None, choose: Chooser = least_busy, now: float = 0.0) -> None:
        self.scanners: dict[int, ScannerState] = {}
        self.scans: dict[str, ScanState] = {}
        self.queues = make_queues(limits or LaneLimits())
        self.faults = Faults()
        self.submitted = 0
        self.extra_pushes = 0
        self._choose = choose
        self._expected_until_s = now + RETURN_GRACE_S
        self._silent: dict[str, ScanState] = {}
        self._timed_out: dict[str, ScanState] = {}
        self._deadlines = Deadlines(self.scans, self._timed_out)
        self._wake_at_s = float("inf")
        self._commands: list[ev.Command] = []
        self._handlers: Mapping[type[Any], Callable[[Any, float], None]] = {
            ev.ScannerJoined: self._on_joined,
            ev.ScannerReady: self._on_ready,
            ev.ScannerDraining: self._on_draining,
            ev.ScannerLeft: self._on_left,
            ev.LoadChanged: self._on_load,
            ev.ScanSubmitted: self._on_submitted,
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
        self._handlers[type(event)](event, now)
        self._expire(now)
        self._look_for_late(now)
        self._assign(now)
        self._ask_to_wake(now)
        return self._commands

    def validate(self, now: float) -> None:
        """Raise InvariantError when the state contradicts itself; see `invariants`."""
        check(self, now)

    def usable(self, now: float) -> Iterator[ScannerState]:
        """Yield the scanners that may be pushed to, in the order in which they came.

        Those that are set aside are passed over while there is any other. After a fault a scanner gets one scan at a
        time until it has returned a result.
        """
        present = [s for s in self.scanners.values() if s.is_present]
        for scanner in [s for s in present if not self.faults.is_aside(s.scanner, now)] or present:
            if scanner.is_idle or not self.faults.is_on_trial(scanner.scanner):
                yield scanner

    # What happens to scanners

    def _on_joined(self, event: ev.ScannerJoined, now: float) -> None:
        for old in [s for s in self.scanners.values() if s.scanner == event.scanner]:
            self._commands.append(ev.Fence(old.generation))
            self._lose(old, now)
        self.scanners[event.generation] = ScannerState(event.generation, event.scanner, event.capacity, now)

    def _on_ready(self, event: ev.ScannerReady, now: float) -> None:
        scanner = self.scanners.get(event.generation)
        if scanner is not None and scanner.phase is Phase.WARMING:
            scanner.phase = Phase.READY

    def _on_draining(self, event: ev.ScannerDraining, now: float) -> None:
        scanner = self.scanners.get(event.generation)
        if scanner is not None:
            scanner.phase = Phase.DRAINING

    def _on_left(self, event: ev.ScannerLeft, now: float) -> None:
        scanner = self.scanners.get(event.generation)
        if scanner is not None:
            self._lose(scanner, now)

    def _on_load(self, event: ev.LoadChanged, now: float) -> None:
        scanner = self.scanners.get(event.generation)
        if scanner is None:
            return
        scanner.capacity = event.capacity
        scanner.note_speed(event.frames_per_s)

    def _lose(self, scanner: ScannerState, now: float) -> None:
        """Take a scanner out; its scans go elsewhere at once."""
        del self.scanners[scanner.generation]
        if scanner.phase is Phase.READY:
            self._expected_until_s = now + RETURN_GRACE_S
        pushes = list(scanner.pushes.values())
        if pushes:
            self._fault(scanner, "left with scans in flight", max(push.pushed_s for push in pushes), now)
        for push in pushes:
            self._attempt_failed(scanner, push, now, costs=True)

    def _fault(self, scanner: ScannerState, reason: str, since_s: float, now: float) -> None:
        others = [s.scanner for s in self.scanners.values() if s.is_present and s is not scanner]
        self.faults.note(scanner.scanner, reason, others, since_s=since_s, now=now)

    # What happens to scans

    def _on_submitted(self, event: ev.ScanSubmitted, now: float) -> None:
        self.submitted += 1
        scan = ScanState(event.scan, event.lane, event.frames, event.frame_bytes, now, event.deadline_s)
        self.scans[scan.scan] = scan
        self._deadlines.add(scan.deadline_s, scan.scan, open_scans=len(self.scans) + len(self._timed_out))
        scan.tell(now, f"submitted: {scan.lane}, {scan.frames} frames, {scan.deadline_s - now:.3f} s left")
        self._wait(scan, now)

    def _on_abandoned(self, event: ev.ScanAbandoned, now: float) -> None:
        scan = self.scans.get(event.scan)
        if scan is not None:
            self._forget(scan)
            self._cancel(scan, now)

    def _on_received(self, event: ev.FramesReceived, now: float) -> None:
        scanner, push = self._current(event.generation, event.scan, event.attempt)
        if scanner is not None and push is not None and push.received_s is None:
            self._note_sign(scanner, now)
            scanner.note_received(push, now)

    def _on_done(self, event: ev.FramesDone, now: float) -> None:
        scanner, push = self._current(event.generation, event.scan, event.attempt)
        if scanner is not None and push is not None and push.done < event.done < push.frames:
            push.done = event.done
            self._note_sign(scanner, now)

    def _on_result(self, event: ev.ResultArrived, now: float) -> None:
        scanner, push = self._current(event.generation, event.scan, event.attempt)
        if scanner is None or push is None:
            return
        self._note_sign(scanner, now)
        scanner.note_result(push, now)
        self.faults.forgive(scanner.scanner)
        scan = self._take_back(scanner, push, now)
        if scan is not None:
            scored = ev.Scored(scanner.generation, scanner.scanner, push.attempt, push.frames, event.scores)
            self._settle(scan, scored, now)

    def _on_failed(self, event: ev.PushFailed, now: float) -> None:
        scanner, push = self._current(event.generation, event.scan, event.attempt)
        if scanner is None or push is None:
            return
        self._note_sign(scanner, now)
        busy = event.kind is FailureKind.BUSY
        if not busy:
            self._fault(scanner, str(event.kind), push.pushed_s, now)
        self._attempt_failed(scanner, push, now, costs=not busy)

    def _on_tick(self, event: ev.Tick, now: float) -> None:
        self._wake_at_s = float("inf")

    def _current(self, generation: int, scan: str, attempt: int) -> tuple[ScannerState, PushState] | tuple[None, None]:
        """Return the push that a scanner's message is about; an old attempt, or somebody else's scan, is nobody's."""
        scanner = self.scanners.get(generation)
        push = scanner.pushes.get(scan) if scanner is not None else None
        if scanner is None or push is None or push.attempt != attempt:
            return None, None
        return scanner, push

    def _note_sign(self, scanner: ScannerState, now: float) -> None:
        """Take a sign of progress; what the scanner holds needs no extra push then."""
        if scanner.is_late:
            for name in scanner.pushes:
                self._silent.pop(name, None)
        scanner.note_sign(now)

    def _take_back(self, scanner: ScannerState, push: PushState, now: float) -> ScanState | None:
        """End a push, and return its scan unless that is settled."""
        scanner.remove(push.scan, now)
        late = self._timed_out.get(push.scan)
        if late is not None:
            del late.on[scanner.generation]
            if not late.on:
                del self._timed_out[push.scan]
            return None
        self._silent.pop(push.scan, None)
        scan = self.scans[push.scan]
        del scan.on[scanner.generation]
        return scan

    def _attempt_failed(self, scanner: ScannerState, push: PushState, now: float, *, costs: bool) -> None:
        scan = self._take_back(scanner, push, now)
        if scan is None:
            return
        scan.faults += 1 if costs else 0
        scan.tell(now, f"attempt {push.attempt} failed on {scanner.scanner}")
        if scan.is_waiting and scan.faults >= MOST_FAULTS:
            self._settle(scan, ev.Shortfall.SCANNER_FAULT, now)
        elif scan.is_waiting:
            self._wait(scan, now)

    def _settle(self, scan: ScanState, end: ev.Scored | ev.Shortfall, now: float) -> None:
        self._commands.append(ev.Settle(scan.scan, end))
        self._forget(scan)
        if end is not ev.Shortfall.TIMED_OUT:
            self._cancel(scan, now)
        elif scan.on:
            # Not cancelled: its late result is of use outside, and the scanner is busy with it.
            self._timed_out[scan.scan] = scan
            self._deadlines.add(now + LATE_RESULT_S, scan.scan, open_scans=len(self.scans) + len(self._timed_out))

    def _forget(self, scan: ScanState) -> None:
        del self.scans[scan.scan]
        self.queues[scan.lane].discard(scan)
        self._silent.pop(scan.scan, None)

    def _cancel(self, scan: ScanState, now: float) -> None:
        for generation in scan.on:
            self.scanners[generation].remove(scan.scan, now)
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
            late = self._timed_out.pop(name, None)
            if late is not None:
                self._cancel(late, now)
            else:
                self._settle(self.scans[name], ev.Shortfall.TIMED_OUT, now)

    def _look_for_late(self, now: float) -> None:
        """Notice scanners that have shown no progress for longer than usual, and what they hold."""
        for scanner in self.scanners.values():
            if scanner.is_late or now < scanner.late_at_s:
                continue
            scanner.is_late = True
            self._expected_until_s = now + RETURN_GRACE_S
            self._fault(scanner, f"silent for {now - scanner.last_sign_s:.1f} s", now, now)
            for name in scanner.pushes:
                scan = self.scans.get(name)
                # To be late is to have cost a scanner, as far as can be known yet.
                if scan is not None and len(scan.on) == 1 and scan.faults + 1 < MOST_FAULTS:
                    self._silent[name] = scan

    def _assign(self, now: float) -> None:
        for lane, queue in self.queues.items():
            if queue:
                self._assign_lane(lane, queue, now)
            if queue:
                return
        if self._silent:
            self._push_extra(now)

    def _assign_lane(self, lane: Lane, queue: Queue, now: float) -> None:
        scanners = list(self.usable(now))
        if not scanners:
            for scan in queue:
                self._nobody_for(scan, now)
            return
        waiting: dict[int, int] = {}
        free = {s.generation for s in scanners if room_for(s, lane)}
        for scan in queue.first(LOOK_AHEAD if free else 0):
            candidates = [s for s in scanners if s.scanner not in scan.tried] if scan.tried else scanners
            if not candidates:
                self._nobody_for(scan, now)
                continue
            choice = self._choose(scan, candidates, waiting=waiting, now=now)
            if choice is None:
                self._settle(scan, ev.Shortfall.OVERLOADED, now)
                continue
            scanner = choice.scanner
            if scanner.generation not in free or room_for(scanner, lane) < choice.frames:
                # Less urgent scans must not take the room for which a larger one waits.
                waiting[scanner.generation] = waiting.get(scanner.generation, 0) + choice.frames
                free.discard(scanner.generation)
            else:
                queue.discard(scan)
                self._push(scan, choice, now)
                if not room_for(scanner, lane):
                    free.discard(scanner.generation)
                if self.faults.is_on_trial(scanner.scanner):
                    scanners.remove(scanner)
                    free.discard(scanner.generation)
            if not free:
                break
        self._refuse_last(queue, scanners, now)

    def _refuse_last(self, queue: Queue, scanners: list[ScannerState], now: float) -> None:
        """Settle at once what comes too late behind all that waits before it."""
        while queue and scanners:
            scan = queue.last()
            if is_in_time(scan, scanners, waiting_frames=queue.frames - scan.frames, now=now):
                return
            self._settle(scan, ev.Shortfall.OVERLOADED, now)

    def _nobody_for(self, scan: ScanState, now: float) -> None:
        """Settle a scan that no scanner can take, unless one may be free, or back, before long."""
        if now >= self._expected_until_s and all(
            s.scanner in scan.tried or not s.is_present for s in self.scanners.values()
        ):
            self._settle(scan, ev.Shortfall.NO_SCANNER, now)

    def _push_extra(self, now: float) -> None:
        """Push once more what is with a silent scanner. Nothing else waits: an extra push takes nobody's place."""
        for scan in sorted(self._silent.values(), key=lambda scan: (scan.lane, scan.order)):
            if self.extra_pushes >= EXTRA_PUSH_BURST + EXTRA_PUSH_SHARE * self.submitted:
                return
            candidates = [s for s in self.usable(now) if s.scanner not in scan.tried]
            choice = self._choose(scan, candidates, waiting={}, now=now) if candidates else None
            if choice is not None and room_for(choice.scanner, scan.lane) >= choice.frames:
                self.extra_pushes += 1
                del self._silent[scan.scan]
                self._push(scan, choice, now)

    def _push(self, scan: ScanState, choice: Choice, now: float) -> None:
        scanner, frames = choice
        scan.attempts += 1
        scan.on[scanner.generation] = scan.attempts
        scan.tried.add(scanner.scanner)
        scan.tell(now, f"attempt {scan.attempts}: {frames} frames to {scanner.scanner}")
        scanner.add(PushState(scan.scan, scan.attempts, scan.lane, frames, frames * scan.frame_bytes, now))
        left_s = scan.deadline_s - now
        self._commands.append(ev.Push(scanner.generation, scan.scan, scan.attempts, frames, left_s))

    def _ask_to_wake(self, now: float) -> None:
        """Name the next time at which something happens by itself."""
        times = [self._deadlines.next_s, self.faults.next_trial_s(now)]
        times += [s.late_at_s for s in self.scanners.values() if not s.is_late]
        if any(self.queues.values()) and self._expected_until_s > now:
            times.append(self._expected_until_s)
        at_s = min(times)
        if at_s < self._wake_at_s:
            self._wake_at_s = at_s
            self._commands.append(ev.WakeAt(at_s))
