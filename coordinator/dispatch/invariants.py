"""What must hold for the dispatch machine after every event. Checked in tests and simulation, not in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coordinator.dispatch.lanes import Queue
from coordinator.dispatch.state import Phase, ScannerState, ScanState
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
        _check_scanner(machine, scanner)
    for scan in machine.scans.values():
        _check_scan(machine, scan, now)
    for name, scan in machine.silent.items():
        _hold(machine.scans.get(name) is scan and len(scan.on) == 1, "needs no extra push", scan)
    for name, scan in machine.timed_out.items():
        _hold(name not in machine.scans and bool(scan.on), "timed out, and open or with nobody", scan)
    for lane, queue in machine.queues.items():
        _check_queue(machine, lane, queue)
    for generation, spot_check in machine.spot_checks.by_generation.items():
        found = machine.scanners.get(generation)
        is_alone = found is not None and not found.pushes and not found.reserved_frames
        _hold(is_alone, f"beside other work, or with nobody: {spot_check.scan}")


def _check_scanner(machine: Machine, scanner: ScannerState) -> None:
    pushes = scanner.pushes.values()
    _hold(scanner.frames_in_flight == sum(p.frames for p in pushes), "frames in flight miscounted")
    live = sum(p.frames for p in pushes if p.lane is Lane.LIVE)
    _hold(scanner.live_in_flight == live, "live frames in flight miscounted")
    waiting = sum(p.size_bytes for p in pushes if p.received_s is None)
    _hold(scanner.unreceived_bytes == waiting, "bytes on the line miscounted")
    _hold(not pushes or scanner.phase is not Phase.WARMING, "pushed to a scanner that is not ready")
    _hold(bool(pushes) or not scanner.is_late, "late with nothing to do")
    for name in scanner.pushes:
        scan = machine.scans.get(name) or machine.timed_out.get(name)
        _hold(scan is not None and scanner.generation in scan.on, f"a settled scan is left behind: {name}")


def _check_scan(machine: Machine, scan: ScanState, now: float) -> None:
    _hold(now < scan.deadline_s, "open after its deadline", scan)
    queued = scan in machine.queues[scan.lane]
    _hold(queued is not bool(scan.on), "neither waits nor is pushed, or both", scan)
    for generation, attempt in scan.on.items():
        found = machine.scanners.get(generation)
        push = found.pushes.get(scan.scan) if found is not None else None
        _hold(push is not None and push.attempt == attempt, "its scanner does not know of it", scan)


def _check_queue(machine: Machine, lane: Lane, queue: Queue) -> None:
    scans = list(queue)
    _hold(queue.size_bytes == sum(s.frames * s.frame_bytes for s in scans), "queued bytes miscounted")
    _hold(queue.frames == sum(s.frames for s in scans), "queued frames miscounted")
    _hold(len(scans) <= queue.limits.scans, "more scans wait than are allowed")
    for scan in scans:
        _hold(machine.scans.get(scan.scan) is scan, "a settled scan waits", scan)
        _hold(scan.lane is lane, "in another lane's queue", scan)


def _hold(truth: bool, fault: str, scan: ScanState | None = None) -> None:
    if not truth:
        raise InvariantError(fault, scan)
