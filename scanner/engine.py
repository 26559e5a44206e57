"""The model in its one worker thread, and the batches that keep it busy. The event loop never waits for the model."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import numpy as np

from scanner.backlog import Backlog, Batch
from scanner.errors import ModelFaultError, ScoresError
from scanner.jobs import Job, JobFailed, JobFinished, JobProgressed
from scanner.models import Frames, Model, Scores

logger = logging.getLogger(__name__)

T = TypeVar("T")

RECENT_SHARE = 0.2
"""Weight of the newest batch in the measured throughput."""

SCORE_TOLERANCE = 1e-3
"""A cosine in half precision may pass 1 by this much."""


class Engine:
    """Compute jobs in first-come batches: what arrives while one batch is computed forms the next.

    Everything but the model runs on the event loop, so nothing here needs a lock. Run `run` in a task group, and
    `close` at the end.
    """

    def __init__(self, model: Model, *, batch_frames: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a model that is open, and the largest number of frames that it shall compute in one go."""
        self.model = model
        self.frames_per_s = 0.0
        self.turns = 0
        self._measured = False
        self._batch_frames = batch_frames
        self._clock = clock
        self._backlog = Backlog()
        self._work = asyncio.Event()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._running: Future[Any] | None = None
        self._terms: tuple[str, ...] = ()
        self._tried = False

    def __repr__(self) -> str:
        return f"<Engine {self.model.name}, {len(self._backlog)} jobs, {self.frames_per_s:.1f} frames/s>"

    @property
    def busy(self) -> bool:
        """Say whether the worker thread is computing: the interpreter could not end before it is through."""
        return self._running is not None and not self._running.done()

    async def run(self) -> None:
        """Compute what is submitted, until cancelled."""
        while True:
            await self._work.wait()
            batch = self._backlog.take(self._batch_frames)
            if batch is None:
                self._work.clear()
            else:
                await self._compute(batch)

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
        """Encode the terms and try a frame twice: it warms the model up, tests it, and says about how fast it is.

        Does nothing when these terms are in use already: a scanner that comes back is ready at once.
        Raises ModelFaultError when the model raises, or gives scores that cannot be right.
        """
        trial_s = await self._in_worker(partial(self._prepare, tuple(terms)))
        if trial_s is not None and not self._measured:
            self.frames_per_s = 1 / max(trial_s, 1e-6)

    def close(self) -> None:
        """Take no more work. A batch that is being computed goes on until it is done."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _compute(self, batch: Batch) -> None:
        started_s = self._clock()
        for part in batch.slices:
            if part.job.started_s is None:
                part.job.started_s = started_s
        try:
            scores = await self._in_worker(partial(self._score, batch))
        except ModelFaultError as fault:
            logger.error("a batch of %d frames failed", len(batch), exc_info=fault.error)
            self._fail(batch, fault.error)
        else:
            now_s = self._clock()
            self._measure(len(batch), now_s - started_s)
            self._advance(batch, scores, now_s)

    def _fail(self, batch: Batch, error: BaseException) -> None:
        for part in batch.slices:
            self._backlog.drop(part.job)
            if not part.job.dropped:
                part.job.report(JobFailed(error))

    def _advance(self, batch: Batch, scores: Scores, now_s: float) -> None:
        row = 0
        for part in batch.slices:
            job = part.job
            job.parts.append(scores[row : row + part.count])
            job.done += part.count
            row += part.count
            if job.left == 0:
                self._backlog.drop(job)
            if job.dropped:
                continue
            if job.left == 0:
                started_s = job.submitted_s if job.started_s is None else job.started_s
                job.report(JobFinished(np.concatenate(job.parts), started_s - job.submitted_s, now_s - started_s))
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
        self._checked(frame)
        began_s = self._clock()
        self._checked(frame)
        self._tried = True
        return self._clock() - began_s

    def _score(self, batch: Batch) -> Scores:
        return self._checked(batch.stack())

    def _checked(self, frames: Frames) -> Scores:
        scores = self.model.score(frames)
        expected = (len(frames), len(self._terms))
        if scores.shape != expected or scores.dtype != np.float32:
            raise ScoresError(f"of shape {scores.shape} and type {scores.dtype} instead of {expected} and float32")
        if not np.isfinite(scores).all():
            raise ScoresError("hold values that are not finite")
        if np.abs(scores).max() > 1 + SCORE_TOLERANCE:
            raise ScoresError("are outside [-1, 1]")
        return np.clip(scores, -1, 1)
