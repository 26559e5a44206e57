"""Jobs that wait for the model, and which of them form the next batch. Pure: no clock, no threads."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from scanner.jobs import Job
from scanner.models import Frames
from shared.messages import Lane


@dataclass(frozen=True, slots=True)
class Slice:
    """So many frames of a job, counted from the first that is not done."""

    job: Job
    count: int

    @property
    def frames(self) -> Frames:
        """The frames themselves, shape (count, size, size, 3)."""
        return self.job.frames[self.job.done : self.job.done + self.count]


@dataclass(frozen=True, slots=True)
class Batch:
    """What the model computes in one go."""

    slices: tuple[Slice, ...]

    def __len__(self) -> int:
        return sum(part.count for part in self.slices)

    def stack(self) -> Frames:
        """Put all frames into one array, in the order of the slices."""
        if len(self.slices) == 1:
            return self.slices[0].frames
        return np.concatenate([part.frames for part in self.slices])


class Backlog:
    """First come, first served within a lane; live before sweep.

    A batch holds one lane only: sweep frames would make the live ones beside them wait. A job stays until `drop`
    removes it, so that its remaining frames lead the next batch.
    """

    def __init__(self) -> None:
        self._lanes: dict[Lane, deque[Job]] = {lane: deque() for lane in (Lane.LIVE, Lane.SWEEP)}

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def add(self, job: Job) -> None:
        """Queue a job behind those of its lane."""
        self._lanes[job.lane].append(job)

    def drop(self, job: Job) -> None:
        """Forget a job, whether it is done or no longer wanted. Does nothing when it is not there."""
        lane = self._lanes[job.lane]
        if job in lane:
            lane.remove(job)

    def take(self, limit: int) -> Batch | None:
        """Form the next batch of at most `limit` frames, or None when nothing waits.

        Report what is done in `Job.done` before taking again.
        """
        lane = next(filter(None, self._lanes.values()), None)
        if lane is None:
            return None
        slices: list[Slice] = []
        for job in lane:
            if limit == 0:
                break
            count = min(job.left, limit)
            slices.append(Slice(job, count))
            limit -= count
        return Batch(tuple(slices))
