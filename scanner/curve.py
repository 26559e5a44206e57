"""Find the largest batch that is worth its latency, by a short trial of growing batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scanner.models import Frames, Model
from scanner.photographs import draw_photographs
from shared.limits import MAX_CAPACITY_FRAMES

LARGEST_BATCH = 512

LONGEST_BATCH_S = 1.0
"""A live frame waits for the batch before it, so none may take longer, but a batch of one frame."""

USEFUL_SHARE = 0.97
"""A larger batch must bring more than the rest of this; below, it is noise, or too little for its latency."""

TRIES, TRY_S = 3, 0.1
"""Each size is tried at least so often and so long; the fastest counts, because other programs only slow it down."""

LEAST_CAPACITY_FRAMES = 8

CAPACITY_BATCHES = 3
"""One batch that is computed, one that is started ahead or gathers, and one on the line."""


@dataclass(frozen=True, slots=True)
class Point:
    """How long a batch of so many frames takes."""

    frames: int
    seconds: float

    @property
    def frames_per_s(self) -> float:
        """Its throughput."""
        return self.frames / max(self.seconds, 1e-9)


def measure_curve(model: Model, *, clock: Callable[[], float] = time.perf_counter) -> tuple[Point, ...]:
    """Try batches of 1, 2, 4 … frames until larger ones bring nothing, take too long, or do not fit into memory.

    Raises MemoryError when not even one frame fits, and DeviceLostError.
    """
    pictures = draw_photographs(1, model.frame_size, seed=1)
    model.embed(pictures)
    points: list[Point] = []
    frames = 1
    while frames <= LARGEST_BATCH and _is_worth_trying(points):
        try:
            points.append(Point(frames, _try(model, pictures.repeat(frames, axis=0), clock)))
        except MemoryError:
            if not points:
                raise
            break
        frames *= 2
    return tuple(points)


def useful_batch(points: Sequence[Point]) -> int:
    """Choose the smallest batch that is about as fast, a frame, as any that does not take too long."""
    allowed = [point for point in points if point.frames == 1 or point.seconds <= LONGEST_BATCH_S]
    most = max(point.frames_per_s for point in allowed)
    return min(point.frames for point in allowed if point.frames_per_s >= USEFUL_SHARE * most)


def capacity_of(batch_frames: int) -> int:
    """Say how many frames may be in flight, so that a batch is always ready when the one before it is done."""
    return min(max(LEAST_CAPACITY_FRAMES, CAPACITY_BATCHES * batch_frames), MAX_CAPACITY_FRAMES)


def _is_worth_trying(points: Sequence[Point]) -> bool:
    if len(points) < 2:
        return True
    best = max(point.frames_per_s for point in points[:-2]) if len(points) > 2 else 0.0
    gains = any(USEFUL_SHARE * point.frames_per_s > best for point in points[-2:])
    return gains and points[-1].seconds <= LONGEST_BATCH_S


def _try(model: Model, frames: Frames, clock: Callable[[], float]) -> float:
    began_s = clock()
    times_s: list[float] = []
    while len(times_s) < TRIES or clock() - began_s < TRY_S:
        started_s = clock()
        model.embed(frames)
        times_s.append(clock() - started_s)
    return min(times_s)
