"""Frames that wait for the model, and which of them form the next batch. Pure: no clock, no threads."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from scanner.jobs import Job
from scanner.models import Frames
from shared.messages import Lane


@dataclass(frozen=True, slots=True)
class Slice:
    """So many frames of a job, from the one with index `start` on."""

    job: Job
    start: int
    count: int

    @property
    def frames(self) -> Frames:
        """The frames themselves, shape (count, size, size, 3)."""
        return self.job.frames[self.start : self.start + self.count]

    def split(self, count: int) -> tuple[Slice, Slice]:
        """Give the first `count` frames, and the rest."""
        return Slice(self.job, self.start, count), Slice(self.job, self.start + count, self.count - count)


@dataclass(frozen=True, slots=True)
class Batch:
    """What the model computes in one go."""

    slices: tuple[Slice, ...]

    def __len__(self) -> int:
        return sum(part.count for part in self.slices)

    @property
    def pieces(self) -> list[Frames]:
        """The frames of the slices, in order."""
        return [part.frames for part in self.slices]


class Backlog:
    """First come, first served within a lane; live before sweep.

    A batch holds one lane only: sweep frames would make the live ones beside them wait.
    """

    def __init__(self) -> None:
        self._lanes: dict[Lane, deque[Slice]] = {lane: deque() for lane in (Lane.LIVE, Lane.SWEEP)}
        self._frames = dict.fromkeys(self._lanes, 0)

    def __len__(self) -> int:
        return sum(self._frames.values())

    def waiting(self, lane: Lane) -> int:
        """Count the frames that wait in a lane."""
        return self._frames[lane]

    def add(self, job: Job) -> None:
        """Queue a job behind those of its lane."""
        self._lanes[job.lane].append(Slice(job, 0, len(job.frames)))
        self._frames[job.lane] += len(job.frames)

    def drop(self, job: Job) -> None:
        """Forget what waits of a job. Does nothing when that is nothing."""
        lane = self._lanes[job.lane]
        for part in [part for part in lane if part.job is job]:
            lane.remove(part)
            self._frames[job.lane] -= part.count

    def take(self, limit: int) -> Batch | None:
        """Remove the next batch of at most `limit` frames, or give None when nothing waits.

        What is left of a job that does not fit leads the next batch.
        """
        lane = next((lane for lane, waiting in self._frames.items() if waiting), None)
        if lane is None:
            return None
        queue, slices, room = self._lanes[lane], [], limit
        while queue and room:
            part = queue.popleft()
            if part.count > room:
                part, rest = part.split(room)
                queue.appendleft(rest)
            slices.append(part)
            room -= part.count
        self._frames[lane] -= limit - room
        return Batch(tuple(slices))

    def put_back(self, batch: Batch) -> None:
        """Let a batch that was taken wait again, before all others, without the jobs that were dropped meanwhile."""
        for part in reversed(batch.slices):
            if not part.job.dropped:
                self._lanes[part.job.lane].appendleft(part)
                self._frames[part.job.lane] += part.count
