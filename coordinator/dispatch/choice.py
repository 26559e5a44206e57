"""Which scanner is least busy: the one with the earliest expected finish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from coordinator.dispatch.state import ScannerState, ScanState
from shared.messages import Lane

MARGIN_S, MARGIN_SHARE = 0.1, 0.1
"""Kept free before a deadline, and of the time left: speeds are estimates (figures: tests/simulation, report)."""


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


def free_after_s(scanner: ScannerState, lane: Lane, ahead: int) -> float:
    """Return the seconds until a scanner is through with what it has before another scan of a lane.

    `ahead` are frames that wait in the coordinator for the same scanner. Sweep work that a scanner has does not delay
    live work: its engine takes live first.
    """
    before = ahead + (scanner.live_in_flight if lane is Lane.LIVE else scanner.frames_in_flight)
    return before * scanner.seconds_per_frame + scanner.unreceived_bytes / scanner.link_bytes_per_s


def cost_s(scanner: ScannerState, frame_bytes: int) -> float:
    """Return the seconds that one frame more takes on a scanner and its line."""
    return scanner.seconds_per_frame + frame_bytes / scanner.link_bytes_per_s


def busyness(scanner: ScannerState, scan: ScanState, frames: int, ahead: int) -> tuple[float, int, float]:
    """Return the key by which scanners are compared: seconds to finish, then fewest in flight, then longest idle.

    Seconds to finish: (frames in flight + frames of this scan) / measured throughput + bytes / measured link speed.
    """
    finish_s = free_after_s(scanner, scan.lane, ahead) + frames * cost_s(scanner, scan.frame_bytes)
    return (finish_s, scanner.frames_in_flight, scanner.idle_since_s)


def useful_s(scan: ScanState, now: float) -> float:
    """Return the seconds within which a scan should be expected to finish, so that it does before its deadline."""
    return (scan.deadline_s - now) * (1.0 - MARGIN_SHARE) - MARGIN_S


def frames_in(seconds: float, scanner: ScannerState, scan: ScanState, ahead: int) -> int:
    """Return how many looks of a scan fit into a scanner's capacity and the seconds left, 0 when none does."""
    left_s = seconds - free_after_s(scanner, scan.lane, ahead)
    if left_s <= 0.0:
        return 0
    return min(scan.frames, scanner.capacity_for(scan.lane), int(left_s / cost_s(scanner, scan.frame_bytes)))


def room_for(scanner: ScannerState, lane: Lane) -> int:
    """Return how many frames of a lane a scanner takes now."""
    return scanner.room if lane is Lane.LIVE else scanner.sweep_room


def least_busy(scan: ScanState, scanners: Sequence[ScannerState], *, waiting: Waiting, now: float) -> Choice | None:
    """Choose the scanner with the earliest expected finish, behind what is on it and what waits for it.

    Scanners that can do more looks in time go before those that can do fewer.
    """
    best: tuple[tuple[int, tuple[float, int, float]], Choice] | None = None
    seconds = useful_s(scan, now)
    for scanner in scanners:
        ahead = waiting.get(scanner.generation, 0)
        frames = frames_in(seconds, scanner, scan, ahead)
        if frames == 0:
            continue
        key = (-frames, busyness(scanner, scan, frames, ahead))
        if best is None or key < best[0]:
            best = (key, Choice(scanner, frames))
    return best[1] if best is not None else None


def is_in_time(scan: ScanState, scanners: Sequence[ScannerState], *, waiting_frames: int, now: float) -> bool:
    """Say whether one look at least can be had before the deadline, behind the frames that wait before it.

    Those are shared out by speed; no scan is faster than one look at the scanner that is free first. The margin counts
    for a scan that is new: one that was taken on is not given up because an estimate moved a little.
    """
    seconds = useful_s(scan, now) if scan.submitted_s == now else scan.deadline_s - now
    speed, frames, is_free_in_time = 0.0, waiting_frames, False
    for scanner in scanners:
        speed += 1.0 / scanner.seconds_per_frame
        frames += scanner.live_in_flight if scan.lane is Lane.LIVE else scanner.frames_in_flight
        is_free_in_time = is_free_in_time or frames_in(seconds, scanner, scan, 0) > 0
    return is_free_in_time and frames / speed <= seconds
