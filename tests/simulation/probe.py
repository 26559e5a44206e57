"""A rule for choosing that can be told to try every scanner once, to see whether the machine offers it."""

from __future__ import annotations

from collections.abc import Sequence

from coordinator.dispatch.choice import Choice, Chooser, Waiting, room_for
from coordinator.dispatch.state import ScannerState, ScanState


class Probe:
    """Choose as a given rule does; while probing, prefer scanners that were not chosen since."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self.probing = False
        self.used: set[str] = set()
        """Scanners that were pushed to; the owner of the machine adds them."""

    def __call__(
        self, scan: ScanState, scanners: Sequence[ScannerState], *, waiting: Waiting, now: float
    ) -> Choice | None:
        """Return the scanner to push to or to wait for."""
        fresh = [s for s in scanners if s.scanner not in self.used and room_for(s, scan.lane) > 0]
        if self.probing and fresh:
            return Choice(fresh[0], min(room_for(fresh[0], scan.lane), scan.looks))
        return self._chooser(scan, scanners, waiting=waiting, now=now)
