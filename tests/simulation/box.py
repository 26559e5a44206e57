"""A simulated scanner: receives, computes in batches with live first, reports; and does so badly when told to."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from coordinator.dispatch import events as ev
from shared.limits import LOAD_INTERVAL_S
from shared.messages import FailureKind, Lane
from tests.simulation.line import Line
from tests.simulation.plan import FRAME_BYTES, BoxPlan

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass(slots=True, eq=False)
class Job:
    """A push as the box sees it."""

    scan: str
    attempt: int
    lane: Lane
    frames: int
    done: int = 0
    dropped: bool = False


class Box:
    """One scanner, through all of its connections and restarts."""

    def __init__(self, world: World, plan: BoxPlan) -> None:
        self.plan = plan
        self.line: Line | None = None
        self.is_ready = False
        self.wants_connection = True
        self.slowdown = 1.0
        self.batches_to_fail: deque[FailureKind] = deque()
        self.says_busy = False
        self.pushes_to_forget = 0
        self.capacity = plan.capacity
        self.drains = False
        self.trials = 0
        self._world = world
        self._jobs: dict[Lane, deque[Job]] = {lane: deque() for lane in (Lane.LIVE, Lane.SWEEP)}
        self._announced: dict[str, Job] = {}
        self._epoch = 0
        self._computes = False
        self._stalled = False
        self._finish_after_stall: list[tuple[Job, int]] | None = None
        # From a source of its own, so that it stalls at the same times whatever is decided elsewhere.
        self._stalls = Random(plan.name)
        if plan.stall_gap_s:
            self._stall_later()

    @property
    def name(self) -> str:
        """The name under which the coordinator knows it."""
        return self.plan.name

    # Connections

    def connect(self) -> None:
        """Connect, unless connected, and be ready after the warm-up."""
        if self.line is not None or not self.wants_connection:
            return
        line = self.line = self._world.open_line(self)
        self.is_ready = False
        self.drains = False
        self._world.timeline.after(self.plan.warm_s, lambda: self._get_ready(line))

    def _get_ready(self, line: Line) -> None:
        if self.line is line:
            self.tell(ev.ScannerReady(line.generation))
            self.is_ready = True
            self._report_load(line)

    def _report_load(self, line: Line) -> None:
        if self.line is line and not self._world.is_over:
            self.tell_load()
            self._world.timeline.after(LOAD_INTERVAL_S, lambda: self._report_load(line))

    def tell_load(self) -> None:
        """Report capacity and, if it is that kind of box, its speed."""
        if self.line is not None:
            speed = 1.0 / (self.plan.seconds_per_frame * self.slowdown) if self.plan.tells_speed else 0.0
            self.tell(ev.LoadChanged(self.line.generation, self.capacity, speed))

    def tell(self, event: ev.Event) -> None:
        """Send the coordinator something."""
        line = self.line
        if line is not None:
            line.up.send(lambda: self._world.arrive(line, event))

    def lose_connection(self) -> None:
        """Notice that the connection is gone: drop everything and come back after a moment."""
        if self.line is None:
            return
        self.line.open_at_box = False
        self.line = None
        self.is_ready = False
        self.forget_jobs()
        self._world.timeline.after(self._world.random.uniform(0.05, 1.0), self.connect)

    def forget_jobs(self) -> None:
        """Drop everything that is not finished."""
        self._epoch += 1
        self._computes = False
        self._finish_after_stall = None
        self.trials = 0
        self._announced.clear()
        for jobs in self._jobs.values():
            jobs.clear()

    # Work

    def announce(self, push: ev.Push, lane: Lane) -> None:
        """Take the announcement of a scan; its frames follow."""
        self._world.hold(push.scan not in self._announced, f"{self.name} got a scan that it has", push.scan)
        self._announced[push.scan] = Job(push.scan, push.attempt, lane, push.frames)
        self._hold_capacity(push.scan)

    def receive(self, push: ev.Push) -> None:
        """Have all frames of a scan."""
        job = self._announced.get(push.scan)
        if job is None or self.line is None:
            return
        if self.says_busy:
            del self._announced[push.scan]
            self.tell(ev.PushFailed(self.line.generation, job.scan, job.attempt, FailureKind.BUSY))
            return
        self.tell(ev.FramesReceived(self.line.generation, job.scan, job.attempt))
        if self.pushes_to_forget:
            self.pushes_to_forget -= 1
        else:
            self._jobs[job.lane].append(job)
            self._compute()

    def begin_trial(self, line: Line, takes_s: float) -> None:
        """Look at a frame for an admin, beside the scans."""
        self.trials += 1
        self._hold_capacity()
        self._world.timeline.after(takes_s, lambda: self._end_trial(line))

    def _end_trial(self, line: Line) -> None:
        if self.line is line:
            self.trials -= 1
            self.tell(ev.RoomReserved(line.generation, 0))

    def _hold_capacity(self, scan: str = "") -> None:
        frames = sum(job.frames for job in self._announced.values()) + self.trials
        self._world.hold(frames <= self.plan.capacity, f"{self.name} got more than its capacity", scan)

    def drop(self, scan: str) -> None:
        """Forget a scan that was cancelled."""
        job = self._announced.pop(scan, None)
        if job is not None:
            job.dropped = True
            if job in self._jobs[job.lane]:
                self._jobs[job.lane].remove(job)

    def stall(self) -> None:
        """Stop computing, without a sign of it outside."""
        self._stalled = True

    def _stall_later(self) -> None:
        wait_s = self._stalls.expovariate(1.0 / self.plan.stall_gap_s)
        self._world.timeline.after(wait_s, self.stall)
        self._world.timeline.after(wait_s + self.plan.stall_s, self.go_on)
        self._world.timeline.after(wait_s + self.plan.stall_s, self._stall_later)

    def go_on(self) -> None:
        """End a stall."""
        self._stalled = False
        if self._finish_after_stall is not None:
            batch, self._finish_after_stall = self._finish_after_stall, None
            self._finish(batch, self._epoch)

    def _compute(self) -> None:
        lane = next(filter(None, self._jobs.values()), None)
        if self._computes or lane is None:
            return
        self._computes = True
        left = self.plan.batch
        batch: list[tuple[Job, int]] = []
        for job in lane:
            if left == 0:
                break
            count = min(job.frames - job.done, left)
            batch.append((job, count))
            left -= count
        epoch = self._epoch
        jitter = 1.0 + self.plan.jitter * self._world.random.random()
        took_s = (self.plan.batch_s + self.plan.seconds_per_frame * (self.plan.batch - left)) * self.slowdown * jitter
        self._world.timeline.after(took_s, lambda: self._finish(batch, epoch))

    def _finish(self, batch: list[tuple[Job, int]], epoch: int) -> None:
        if epoch != self._epoch:
            return
        if self._stalled:
            self._finish_after_stall = batch
            return
        failure = self.batches_to_fail.popleft() if self.batches_to_fail else None
        for job, count in batch:
            job.done += count
            if not job.dropped:
                self._report(job, failure)
        self._computes = False
        self._compute()

    def _report(self, job: Job, failure: FailureKind | None) -> None:
        if self.line is None:
            return
        generation = self.line.generation
        if failure is None and job.done < job.frames:
            self.tell(ev.FramesDone(generation, job.scan, job.attempt, job.done))
            return
        self._jobs[job.lane].remove(job)
        del self._announced[job.scan]
        if failure is not None:
            self.tell(ev.PushFailed(generation, job.scan, job.attempt, failure))
        else:
            scores = scores_of(self.name, job.scan, job.attempt, job.frames)
            self.tell(ev.ResultArrived(generation, job.scan, job.attempt, scores))

    @property
    def holds(self) -> int:
        """Scans that it has, in whatever state, or that its model still computes although nobody wants them."""
        return len(self._announced) + self._computes

    @property
    def is_free(self) -> bool:
        """Say whether it could take work and has none."""
        return self.is_ready and not self.drains and self.holds == 0


def scores_of(box: str, scan: str, attempt: int, frames: int) -> tuple[str, str, int, int]:
    """Return what stands for the true scores of a push: nobody else can have made them."""
    return (box, scan, attempt, frames)


def bytes_of(frames: int) -> int:
    """Return what so many frames weigh on the line."""
    return frames * FRAME_BYTES
