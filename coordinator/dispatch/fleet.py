"""The scanners that are connected: who may be pushed to, who is silent, and who may be back before long."""

from __future__ import annotations

from collections.abc import Iterator

from coordinator.dispatch.faults import Faults
from coordinator.dispatch.state import Phase, PushState, ScannerState, ScanState

RETURN_GRACE_S = 3.0
"""A scanner that was just lost or fell silent is expected back within this time; scans wait rather than go unseen."""


class Fleet:
    """All connections by generation, and what is known of the scanners behind them."""

    def __init__(self, now: float) -> None:
        self.scanners: dict[int, ScannerState] = {}
        self.faults = Faults()
        self.held: set[str] = set()
        self.expected_until_s = now + RETURN_GRACE_S

    def join(self, generation: int, scanner: str, capacity: int, now: float) -> list[ScannerState]:
        """Add a connection; return older ones of the same scanner, which are fenced and must be lost."""
        old = [s for s in self.scanners.values() if s.scanner == scanner]
        self.scanners[generation] = ScannerState(generation, scanner, capacity, now, is_held=scanner in self.held)
        return old

    def lose(self, scanner: ScannerState, now: float) -> list[PushState]:
        """Take a connection out, and return the pushes that it takes with it."""
        del self.scanners[scanner.generation]
        if scanner.phase is Phase.READY and scanner.capacity and not scanner.is_held:
            self.expected_until_s = now + RETURN_GRACE_S
        pushes = list(scanner.pushes.values())
        if pushes:
            self.note_fault(scanner, "left with scans in flight", max(push.pushed_s for push in pushes), now)
        return pushes

    def note_ready(self, generation: int) -> None:
        """Push to a scanner from now on, unless it is on its way out already."""
        scanner = self.scanners.get(generation)
        if scanner is not None and scanner.phase is Phase.WARMING:
            scanner.phase = Phase.READY

    def note_draining(self, generation: int) -> None:
        """Push to a scanner no more."""
        scanner = self.scanners.get(generation)
        if scanner is not None:
            scanner.phase = Phase.DRAINING

    def note_load(self, generation: int, capacity: int, frames_per_s: float) -> None:
        """Take what a scanner says of itself."""
        scanner = self.scanners.get(generation)
        if scanner is not None:
            scanner.capacity = capacity
            scanner.note_speed(frames_per_s)

    def note_reserved(self, generation: int, frames: int) -> None:
        """Leave room for an admin's trial beside the pushes of a scanner."""
        scanner = self.scanners.get(generation)
        if scanner is not None:
            scanner.reserved_frames = frames

    def note_held(self, name: str, *, is_held: bool) -> None:
        """Push to a scanner no more, on whatever connection, until it is let go again."""
        if is_held:
            self.held.add(name)
        else:
            self.held.discard(name)
        for scanner in self.scanners.values():
            if scanner.scanner == name:
                scanner.is_held = is_held

    def push_of(self, generation: int, scan: str, attempt: int) -> tuple[ScannerState, PushState] | None:
        """Return the push that a scanner's message is about; an old attempt, or somebody else's scan, is nobody's."""
        scanner = self.scanners.get(generation)
        push = scanner.pushes.get(scan) if scanner is not None else None
        if scanner is None or push is None or push.attempt != attempt:
            return None
        return scanner, push

    def usable(self, now: float) -> Iterator[ScannerState]:
        """Yield the scanners that may be pushed to, in the order in which they came.

        Those that are set aside are passed over while there is any other. After a fault a scanner gets one scan at a
        time until it has returned a result.
        """
        present = [s for s in self.scanners.values() if s.is_present]
        for scanner in [s for s in present if not self.faults.is_aside(s.scanner, now)] or present:
            if self.takes_more(scanner):
                yield scanner

    def takes_more(self, scanner: ScannerState) -> bool:
        """Say whether a scanner may have another scan beside what it has."""
        return scanner.is_idle or not self.faults.is_on_trial(scanner.scanner)

    def may_take(self, scan: ScanState, now: float) -> bool:
        """Say whether some scanner may take a scan before long: it is there, or just was."""
        if now < self.expected_until_s:
            return True
        return any(s.is_present and s.scanner not in scan.tried for s in self.scanners.values())

    def note_fault(self, scanner: ScannerState, reason: str, since_s: float, now: float) -> None:
        """Count a fault of a scanner in work that began at a time."""
        others = [s.scanner for s in self.scanners.values() if s.is_present and s is not scanner]
        self.faults.note(scanner.scanner, reason, others, since_s=since_s, now=now)

    def take_late(self, now: float) -> Iterator[ScannerState]:
        """Mark and yield the scanners that have shown no progress for longer than usual."""
        for scanner in self.scanners.values():
            if not scanner.is_late and now >= scanner.late_at_s:
                scanner.is_late = True
                self.expected_until_s = now + RETURN_GRACE_S
                self.note_fault(scanner, f"silent for {now - scanner.last_sign_s:.1f} s", now, now)
                yield scanner

    def next_change_s(self, now: float) -> float:
        """Return when next a scanner will be late, or may be tried again."""
        late_s = (s.late_at_s for s in self.scanners.values() if not s.is_late)
        return min(self.faults.next_trial_s(now), *late_s, float("inf"))
