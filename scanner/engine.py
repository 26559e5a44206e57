"""The model in its one worker thread, and the batches that keep it busy. The event loop never waits for the model."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from scanner.backlog import Backlog, Batch
from scanner.errors import ModelFaultError, ScoresError
from scanner.jobs import Job, JobFailed, JobFinished, JobProgressed
from scanner.models import Model, Scores
from scanner.models.errors import DeviceLostError
from scanner.selftest import require_fidelity
from shared.messages import Lane

logger = logging.getLogger(__name__)

T = TypeVar("T")

RECENT_SHARE = 0.2
"""Weight of the newest batch in the measured throughput."""

SCORE_TOLERANCE = 1e-3
"""A cosine in half precision may pass 1 by this much."""


@dataclass(frozen=True, slots=True)
class Started:
    """A batch that the model has begun, and what waits for its scores."""

    batch: Batch
    started_s: float
    finish: Callable[[], Scores]


class Engine:
    """Compute jobs in first-come batches: what arrives while one batch is computed forms the next.

    On a device of its own, which computes while this process does something else, the next batch is started before the
    last one is done, if it is full: so the device never waits, and no batch is smaller for it. A batch that does not
    fit into memory is computed again in halves, and no later one is as large.
    Everything but the model runs on the event loop, so nothing here needs a lock. Run `run` in a task group, and
    `close` at the end.
    """

    def __init__(self, model: Model, *, batch_frames: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a model that is open, and the largest number of frames that it shall compute in one go."""
        self.model = model
        self.batch_frames = batch_frames
        self.frames_per_s = 0.0
        self.turns = 0
        self._measured = False
        self._finished_s = 0.0
        self._clock = clock
        self._backlog = Backlog()
        self._work = asyncio.Event()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._running: Future[Any] | None = None
        self._terms: tuple[str, ...] = ()
        self._tried = False
        self._lost: DeviceLostError | None = None

    def __repr__(self) -> str:
        return f"<Engine {self.model.name}, {len(self._backlog)} frames waiting, {self.frames_per_s:.1f} frames/s>"

    @property
    def busy(self) -> bool:
        """Say whether the worker thread is computing: the interpreter could not end before it is through."""
        return self._running is not None and not self._running.done()

    async def run(self) -> None:
        """Compute what is submitted, until cancelled. Raises DeviceLostError."""
        ahead: Started | None = None
        while self._lost is None:
            started = ahead or await self._start_next()
            ahead = await self._start_ahead()
            if started is not None:
                await self._finish(started)
        raise self._lost

    def submit(self, job: Job) -> None:
        """Queue a job. Its `report` is called with progress, and once with its end."""
        job.submitted_s = self._clock()
        self._backlog.add(job)
        self._work.set()

    def drop(self, job: Job) -> None:
        """Forget a job: it is not computed any further, and reports nothing any more."""
        job.dropped = True
        self._backlog.drop(job)

    async def prepare(self, terms: Sequence[str]) -> None:
        """Encode the terms, warm the model up, test it, and learn about how fast it is.

        Does nothing when these terms are in use already: a scanner that comes back is ready at once.
        Raises ModelFaultError when the model raises, gives scores that cannot be right, or fails its self-test.
        """
        try:
            trial_s = await self._in_worker(partial(self._prepare, tuple(terms)))
        except ModelFaultError as fault:
            self._note_loss(fault.error)
            raise
        if trial_s is not None and not self._measured:
            self.frames_per_s = 1 / max(trial_s, 1e-6)

    def close(self) -> None:
        """Take no more work. A batch that is being computed goes on until it is done."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _start_next(self) -> Started | None:
        await self._work.wait()
        batch = self._backlog.take(self.batch_frames)
        if batch is None:
            self._work.clear()
            return None
        return await self._start(batch)

    async def _start_ahead(self) -> Started | None:
        # Only live frames: a sweep batch that is started cannot be overtaken.
        if self.model.overlaps and self._backlog.waiting(Lane.LIVE) >= self.batch_frames:
            return await self._start_next()
        return None

    async def _start(self, batch: Batch) -> Started | None:
        started_s = self._clock()
        for part in batch.slices:
            if part.job.started_s is None:
                part.job.started_s = started_s
        if not self.model.overlaps:
            # Where starting is not computing, it is not worth a way to the worker thread and back.
            return Started(batch, started_s, lambda: self.model.start(batch.pieces)())
        try:
            finish = await self._in_worker(partial(self.model.start, batch.pieces))
            return Started(batch, started_s, finish)
        except ModelFaultError as fault:
            self._recover(batch, fault.error)
            return None

    async def _finish(self, started: Started) -> None:
        try:
            scores = await self._in_worker(partial(self._checked, started.finish, len(started.batch)))
        except ModelFaultError as fault:
            self._recover(started.batch, fault.error)
        else:
            now_s = self._clock()
            # While one batch is computed another may have been started: it computes from the end of that one.
            self._measure(len(started.batch), now_s - max(started.started_s, self._finished_s))
            self._finished_s = now_s
            self._advance(started.batch, scores, now_s)

    def _recover(self, batch: Batch, error: BaseException) -> None:
        if isinstance(error, MemoryError) and len(batch) > 1:
            self.batch_frames = min(self.batch_frames, len(batch) // 2)
            logger.warning("no memory for a batch of %d frames: from now on %d", len(batch), self.batch_frames)
            self._backlog.put_back(batch)
            self._work.set()
            return
        logger.error("a batch of %d frames failed", len(batch), exc_info=error)
        for part in batch.slices:
            self._backlog.drop(part.job)
            if not part.job.dropped:
                part.job.dropped = True
                part.job.report(JobFailed(error))
        self._note_loss(error)

    def _note_loss(self, error: BaseException) -> None:
        if isinstance(error, DeviceLostError):
            self._lost = error
            self._work.set()

    def _advance(self, batch: Batch, scores: Scores, now_s: float) -> None:
        row = 0
        for part in batch.slices:
            job = part.job
            job.fill(part.start, scores[row : row + part.count])
            row += part.count
            if job.dropped:
                continue
            if job.left == 0:
                assert job.scores is not None
                assert job.started_s is not None
                job.report(JobFinished(job.scores, job.started_s - job.submitted_s, now_s - job.started_s))
            else:
                job.report(JobProgressed(job.done))

    def _measure(self, frames: int, elapsed_s: float) -> None:
        newest = frames / max(elapsed_s, 1e-6)
        share = RECENT_SHARE if self._measured else 1.0
        self._measured = True
        self.frames_per_s += share * (newest - self.frames_per_s)

    async def _in_worker(self, work: Callable[[], T]) -> T:
        self.turns += 1
        self._running = future = self._worker.submit(work)
        outcome = asyncio.wrap_future(future)
        try:
            await asyncio.wait({outcome})
        finally:
            # Unfinished only when the caller was cancelled: the thread goes on, and nobody wants to hear how it ends.
            outcome.cancel()
        error = outcome.exception()
        if error is not None:
            raise ModelFaultError(error) from error
        return outcome.result()

    # What follows runs in the worker thread.

    def _prepare(self, terms: tuple[str, ...]) -> float | None:
        """Give the seconds of the second try, or None when there was nothing to do."""
        if self._tried and terms == self._terms:
            return None
        self._tried = False
        self.model.encode_terms(terms)
        self._terms = terms
        size = self.model.frame_size
        frame = np.full((1, size, size, 3), 127, np.uint8)
        self._checked(self.model.start([frame]), 1)
        require_fidelity(self.model)
        began_s = self._clock()
        self._checked(self.model.start([frame]), 1)
        self._tried = True
        return self._clock() - began_s

    def _checked(self, finish: Callable[[], Scores], frames: int) -> Scores:
        scores = finish()
        expected = (frames, len(self._terms))
        if scores.shape != expected or scores.dtype != np.float32:
            raise ScoresError(f"of shape {scores.shape} and type {scores.dtype} instead of {expected} and float32")
        if not np.isfinite(scores).all():
            raise ScoresError("hold values that are not finite")
        if np.abs(scores).max() > 1 + SCORE_TOLERANCE:
            raise ScoresError("are outside [-1, 1]")
        return np.clip(scores, -1, 1)
