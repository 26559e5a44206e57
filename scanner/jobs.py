"""Jobs of the engine, and what it reports about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from scanner.models import Frames, Scores
from shared.messages import Lane


@dataclass(frozen=True, slots=True)
class JobProgressed:
    """So many frames of the job are done, and more are to come."""

    done: int


@dataclass(frozen=True, slots=True)
class JobFinished:
    """All frames are done. `queue_s` is from submission to the first batch, `infer_s` from there to the end."""

    scores: Scores = field(repr=False)
    queue_s: float
    infer_s: float


@dataclass(frozen=True, slots=True)
class JobFailed:
    """The model raised an error, or gave scores that cannot be right."""

    error: BaseException


JobEvent: TypeAlias = JobProgressed | JobFinished | JobFailed


@dataclass(eq=False, slots=True)
class Job:
    """The frames of one scan on their way through the engine. `report` is called on the event loop."""

    lane: Lane
    frames: Frames = field(repr=False)
    report: Callable[[JobEvent], None] = field(repr=False)
    submitted_s: float = 0.0
    started_s: float | None = None
    scores: Scores | None = field(default=None, repr=False)
    done: int = 0
    dropped: bool = False
    """Nobody is to hear of it any more: it was cancelled, has failed, or is finished."""

    @property
    def left(self) -> int:
        """Number of frames that are still to be computed."""
        return len(self.frames) - self.done

    def fill(self, start: int, scores: Scores) -> None:
        """Take the scores of some frames, from the one with this index on."""
        if self.scores is None:
            self.scores = np.empty((len(self.frames), scores.shape[1]), np.float32)
        self.scores[start : start + len(scores)] = scores
        self.done += len(scores)
