"""What must hold for the dispatch machine after every event. Checked in tests and simulation, not in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coordinator.dispatch.state import Phase, ScanState
from shared.messages import Lane

if TYPE_CHECKING:
    from coordinator.dispatch.machine import Machine


class InvariantError(AssertionError):
    """The state of the machine contradicts itself. Carries the story of the scan that shows it."""

    def __init__(self, fault: str, scan: ScanState | None = None) -> None:
        self.fault = fault
        self.story = tuple(scan.story) if scan is not None else ()
        super().__init__(fault)

    def __str__(self) -> str:
        return "\n  ".join((self.fault, *self.story))


def check(machine: Machine, now: float) -> None:
    """Raise InvariantError on the first contradiction."""
    names = [scanner.scanner for scanner in machine.scanners.values()]
    _hold(len(names) == len(set(names)), "two connections of one scanner")
    for scanner in machine.scanners.values():
        pushes = scanner.pushes.values()
        _hold(scanner.frames_in_flight == sum(p.frames for p in pushes), "frames in flight miscounted")
        live = sum(p.frames for p in pushes if p.lane is Lane.LIVE)
        _hold(scanner.live_in_flight == live, "live frames in flight miscounted")
        waiting = sum(p.size_bytes for p in pushes if p.received_s is None)
        _hold(scanner.unreceived_bytes == waiting, "bytes on the line miscounted")
        _hold(not pushes or scanner.phase is not Phase.WARMING, "pushed to a scanner that is not ready")
    for scan in machine.scans.values():
        _hold(now < scan.deadline_s, "open after its deadline", scan)
        queued = scan in machine.queues[scan.lane]
        _hold(queued is not bool(scan.on), "neither waits nor is pushed, or both", scan)
        for generation, attempt in scan.on.items():
            found = machine.scanners.get(generation)
            _hold(found is not None, "on a scanner that left", scan)
            push = found.pushes.get(scan.scan) if found is not None else None
            _hold(push is not None and push.attempt == attempt, "its scanner does not know of it", scan)
    for lane, queue in machine.queues.items():
        waiting_scans = list(queue)
        _hold(queue.size_bytes == sum(s.frames * s.frame_bytes for s in waiting_scans), "queued bytes miscounted")
        _hold(queue.frames == sum(s.frames for s in waiting_scans), "queued frames miscounted")
        _hold(len(waiting_scans) <= queue.limits.scans, "more scans wait than are allowed")
        for waiting_scan in waiting_scans:
            _hold(machine.scans.get(waiting_scan.scan) is waiting_scan, "a settled scan waits", waiting_scan)
            _hold(waiting_scan.lane is lane, "in another lane's queue", waiting_scan)


def _hold(truth: bool, fault: str, scan: ScanState | None = None) -> None:
    if not truth:
        raise InvariantError(fault, scan)
