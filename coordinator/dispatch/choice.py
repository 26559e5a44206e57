"""Which scanner is least busy: the one with the earliest expected finish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from coordinator.dispatch.state import ScannerState, ScanState
from shared.messages import Lane

MARGIN_S, MARGIN_SHARE = 0.1, 0.1
"""Kept free before a deadline, and of the time left: speeds are estimates (figures: tests/simulation, report)."""


class Choice(NamedTuple):
    """A scanner for a scan, and how many of its looks fit until the deadline."""

    scanner: ScannerState
    frames: int


class Chooser(Protocol):
    """A rule for choosing; the simulator compares several."""

    def __call__(
        self, scan: ScanState, scanners: Sequence[ScannerState], *, waiting_frames: int, now: float
    ) -> Choice | None:
        """Return the scanner to push to now, or None to let the scan wait."""


def expected_finish_s(
    scanner: ScannerState, lane: Lane, frames: int, frame_bytes: int, ahead: int, now: float
) -> float:
    """Return the time at which a scanner will have finished so many more frames of a lane.

    (Frames in flight + frames of this scan) / measured throughput + bytes / measured link speed; `ahead` are frames
    that wait in the coordinator for the same scanner. Sweep work that a scanner has does not delay live work: its
    engine takes live first.
    """
    before = scanner.live_in_flight if lane is Lane.LIVE else scanner.frames_in_flight
    line_s = (scanner.unreceived_bytes + frames * frame_bytes) / scanner.link_bytes_per_s
    return now + line_s + (before + ahead + frames) * scanner.seconds_per_frame


def busyness(scanner: ScannerState, scan: ScanState, frames: int, ahead: int, now: float) -> tuple[float, int, float]:
    """Return the key by which scanners are compared: expected finish, then fewest in flight, then longest idle."""
    finish_s = expected_finish_s(scanner, scan.lane, frames, scan.frame_bytes, ahead, now)
    return (finish_s, scanner.frames_in_flight, scanner.idle_since_s)


def useful_until_s(scan: ScanState, now: float) -> float:
    """Return the time by which a scan should be expected to finish, so that it does finish before its deadline."""
    return scan.deadline_s - MARGIN_S - MARGIN_SHARE * (scan.deadline_s - now)


def frames_until(scanner: ScannerState, scan: ScanState, now: float) -> int:
    """Return how many looks of a scan fit into a scanner's capacity and the time left, 0 when none does."""
    most = min(scan.frames, scanner.capacity_for(scan.lane))
    left_s = useful_until_s(scan, now) - expected_finish_s(scanner, scan.lane, 0, scan.frame_bytes, 0, now)
    if left_s <= 0.0:
        return 0
    return min(most, int(left_s / (scanner.seconds_per_frame + scan.frame_bytes / scanner.link_bytes_per_s)))


def room_for(scanner: ScannerState, lane: Lane) -> int:
    """Return how many frames of a lane a scanner takes now."""
    return scanner.room if lane is Lane.LIVE else scanner.sweep_room


def least_busy(scan: ScanState, scanners: Sequence[ScannerState], *, waiting_frames: int, now: float) -> Choice | None:
    """Choose the scanner with the earliest expected finish, with as many looks as fit until the deadline.

    A scanner without room is weighed as if the scan waited for it behind `waiting_frames`; when it would still be the
    first to finish, the scan waits. Scanners that can do more looks in time go before those that can do fewer.
    """
    best: tuple[tuple[int, float, int, float], Choice] | None = None
    for scanner in scanners:
        frames = frames_until(scanner, scan, now)
        if frames == 0:
            continue
        ahead = 0 if room_for(scanner, scan.lane) >= frames else waiting_frames
        key = (-frames, *busyness(scanner, scan, frames, ahead, now))
        if best is None or key < best[0]:
            best = (key, Choice(scanner, frames))
    if best is None:
        return None
    choice = best[1]
    return choice if room_for(choice.scanner, scan.lane) >= choice.frames else None


def is_in_time(scan: ScanState, scanners: Sequence[ScannerState], *, waiting_frames: int, now: float) -> bool:
    """Say whether one look at least can be had before the deadline, behind the frames that wait before it.

    Those are shared out by speed; no scan is faster than one look at the scanner that is free first.
    """
    first_s = min(expected_finish_s(s, scan.lane, 1, scan.frame_bytes, 0, now) for s in scanners)
    frames = waiting_frames + sum(s.live_in_flight if scan.lane is Lane.LIVE else s.frames_in_flight for s in scanners)
    shared_s = now + frames / sum(1.0 / s.seconds_per_frame for s in scanners)
    return max(first_s, shared_s) <= useful_until_s(scan, now)
