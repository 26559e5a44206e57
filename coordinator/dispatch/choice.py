"""Which scanner is least busy: the one with the earliest expected finish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from coordinator.dispatch.state import ScannerState, ScanState
from shared.messages import Lane

MARGIN_S, MARGIN_SHARE = 0.1, 0.15
"""Kept free before a deadline, and of the time left: speeds are estimates (figures: tests/simulation, report)."""


ADMISSION_SHARE = 0.36
"""Kept of the time left when a scan is taken on, so that it need not be given up while it waits: ten times overloaded,
no refusal comes later than 100 ms after the upload. With MARGIN_SHARE 0.1 to 2.2 % do, and scanners compute no more
frames in time (tests/simulation, report)."""


class Choice(NamedTuple):
    """A scanner for a scan, and how many of its looks fit until the deadline."""

    scanner: ScannerState
    frames: int


Waiting: TypeAlias = Mapping[int, int]
"""Frames of more urgent scans that wait for a scanner, by its generation."""


class Chooser(Protocol):
    """A rule for choosing; the simulator compares several."""

    def __call__(
        self, scan: ScanState, scanners: Sequence[ScannerState], *, waiting: Waiting, now: float
    ) -> Choice | None:
        """Return the scanner that a scan should go to, None when none can do a single look in time.

        It may be one without room, or one for which others wait: then the scan waits for it.
        """


def useful_s(scan: ScanState, now: float, *, share: float = MARGIN_SHARE) -> float:
    """Return the seconds within which a scan should be expected to finish, so that it does before its deadline."""
    return (scan.deadline_s - now) * (1.0 - share) - MARGIN_S


def busyness(
    scanner: ScannerState, scan: ScanState, *, ahead: int, seconds: float
) -> tuple[int, float, int, float] | None:
    """Return the key by which scanners are compared, None when not one look fits into the seconds left.

    Most looks first; then the earliest expected finish; then the fewest frames in flight; then the longest idle. A scan
    is computed once it has arrived and what came before it is done; lines and models work at the same time:
    max(bytes / measured link speed, frames before it / measured throughput) + frames / measured throughput. `ahead` are
    frames that wait in the coordinator for the same scanner. Sweep work that a scanner has does not delay live work:
    its engine takes live first.
    """
    each_s, each_line_s = scanner.seconds_per_frame, scan.frame_bytes / scanner.link_bytes_per_s
    before = ahead + (scanner.live_in_flight if scan.lane is Lane.LIVE else scanner.frames_in_flight)
    before_s = before * each_s
    line_s = scanner.unreceived_bytes / scanner.link_bytes_per_s + ahead * each_line_s
    fitting = int(min((seconds - before_s) / each_s, (seconds - line_s) / (each_s + each_line_s)))
    if fitting <= 0:
        # An idle scanner is tried all the same: one bad moment may have made it look slow, and only a result tells.
        if not scanner.is_idle or ahead or seconds <= 0:
            return None
        fitting = 1
    frames = min(scan.looks, scanner.capacity_for(scan.lane), fitting)
    finish_s = max(line_s + frames * each_line_s, before_s) + frames * each_s
    return (-frames, finish_s, scanner.frames_in_flight, scanner.idle_since_s)


def room_for(scanner: ScannerState, lane: Lane) -> int:
    """Return how many frames of a lane a scanner takes now."""
    return scanner.room if lane is Lane.LIVE else scanner.sweep_room


def least_busy(scan: ScanState, scanners: Sequence[ScannerState], *, waiting: Waiting, now: float) -> Choice | None:
    """Choose the scanner with the earliest expected finish, behind what is on it and what waits for it.

    Scanners that can do more looks in time go before those that can do fewer.
    """
    best: ScannerState | None = None
    best_key: tuple[int, float, int, float] | None = None
    seconds = useful_s(scan, now)
    for scanner in scanners:
        key = busyness(scanner, scan, ahead=waiting.get(scanner.generation, 0), seconds=seconds)
        if key is not None and (best_key is None or key < best_key):
            best, best_key = scanner, key
    return Choice(best, -best_key[0]) if best is not None and best_key is not None else None


def frames_before(scan: ScanState, scanners: Sequence[ScannerState], now: float) -> int:
    """Return how many frames scanners can finish until a scan must be done, beside what they have, 0 if too late.

    They share by speed; no scan is faster than one look at the scanner that is free first. The margin counts for a scan
    that is new: one that was taken on is not given up because an estimate moved a little.
    """
    is_new = scan.submitted_s == now
    seconds = useful_s(scan, now, share=ADMISSION_SHARE) if is_new else scan.deadline_s - now
    frames, is_in_time = 0.0, False
    for scanner in scanners:
        frames += seconds / max(scanner.seconds_per_frame, scan.frame_bytes / scanner.link_bytes_per_s)
        frames -= scanner.live_in_flight if scan.lane is Lane.LIVE else scanner.frames_in_flight
        is_in_time = is_in_time or busyness(scanner, scan, ahead=0, seconds=seconds) is not None
    idle = sum(scanner.is_idle for scanner in scanners)
    return max(int(frames), idle) if is_in_time else 0
