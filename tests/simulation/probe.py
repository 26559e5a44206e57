"""A rule for choosing that can be told to try every scanner once, to see whether the machine offers it."""

from __future__ import annotations

from collections.abc import Iterable

from coordinator.dispatch.choice import Choice, Chooser, frames_until, room_for
from coordinator.dispatch.state import ScannerState, ScanState


class Probe:
    """Choose as a given rule does; while probing, prefer scanners that were not chosen since."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self.probing = False
        self.used: dict[str, float] = {}

    def __call__(
        self, scan: ScanState, scanners: Iterable[ScannerState], *, waiting_frames: int, now: float
    ) -> Choice | None:
        """Return the scanner to push to now, or None to let the scan wait."""
        candidates = list(scanners)
        choice = None
        if self.probing:
            fresh = [s for s in candidates if s.scanner not in self.used and room_for(s, scan.lane) > 0]
            if fresh:
                room = room_for(fresh[0], scan.lane)
                choice = Choice(fresh[0], min(room, max(frames_until(fresh[0], scan, now), 1)))
        if choice is None:
            choice = self._chooser(scan, candidates, waiting_frames=waiting_frames, now=now)
        if choice is not None:
            self.used[choice.scanner.scanner] = now
        return choice
