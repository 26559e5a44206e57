"""The queues of scans that wait for a scanner: one a lane, bounded, earliest deadline first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass

from coordinator.dispatch.state import ScanState
from shared.messages import Lane


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """How much may wait in one lane."""

    scans: int = 512
    size_bytes: int = 128 * 1024 * 1024


class Queue:
    """Scans of one lane in the order of their deadlines."""

    def __init__(self, limits: LaneLimits) -> None:
        self.limits = limits
        self.size_bytes = 0
        self.frames = 0
        self._scans: list[ScanState] = []

    def __len__(self) -> int:
        return len(self._scans)

    def __iter__(self) -> Iterator[ScanState]:
        return iter(tuple(self._scans))

    def last(self) -> ScanState:
        """Return the least urgent scan. There must be one."""
        return self._scans[-1]

    def share(self, scan: ScanState, frames: int) -> int:
        """Return how many looks a scan may have when all that wait share so many frames: one each, and of the rest
        the same part of what each asks for.
        """
        wanted, spare = self.frames - len(self), max(frames - len(self), 0)
        return scan.frames if spare >= wanted else 1 + (scan.frames - 1) * spare // wanted

    def __contains__(self, scan: ScanState) -> bool:
        place = bisect_left(self._scans, scan.order, key=_order)
        return place < len(self._scans) and self._scans[place] is scan

    def has_room_for(self, scan: ScanState) -> bool:
        """Say whether the scan fits within the bounds."""
        fits = self.size_bytes + scan.frames * scan.frame_bytes <= self.limits.size_bytes
        return len(self._scans) < self.limits.scans and fits

    def add(self, scan: ScanState) -> None:
        """Put a scan in its place."""
        insort(self._scans, scan, key=_order)
        self.size_bytes += scan.frames * scan.frame_bytes
        self.frames += scan.frames

    def discard(self, scan: ScanState) -> None:
        """Take a scan out, if it waits here."""
        if scan in self:
            del self._scans[bisect_left(self._scans, scan.order, key=_order)]
            self.size_bytes -= scan.frames * scan.frame_bytes
            self.frames -= scan.frames


def _order(scan: ScanState) -> tuple[float, float, str]:
    return scan.order


def make_queues(limits: LaneLimits) -> dict[Lane, Queue]:
    """Make an empty queue for every lane, the most urgent first."""
    return {Lane.LIVE: Queue(limits), Lane.SWEEP: Queue(limits)}
