"""A model that looks at nothing: for benchmarks and tests of everything around it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from scanner.models import Embeddings, Frames, Scores

FRAME_SIZE = 224


class NullModel:
    """Give scores that are plausible cosines, depend on the frame's first pixel only, and cost nothing."""

    name = "null"
    fingerprint = hashlib.sha256(b"null").hexdigest()
    frame_size = FRAME_SIZE
    device_asked = "cpu"
    device = "cpu (no work)"
    software = "null"
    precision = "fp32"
    overlaps = False

    def __init__(self, *, ms_per_frame: float = 0.0) -> None:
        """Take the milliseconds that a frame shall pretend to need."""
        self._s_per_frame = ms_per_frame / 1000
        self._terms = 0

    def retreat(self) -> bool:
        """Do nothing: there is nothing to compute more precisely."""
        return False

    def encode_terms(self, terms: Sequence[str]) -> None:
        """Count the terms."""
        self._terms = len(terms)

    def embed(self, frames: Frames) -> Embeddings:
        """Give every frame the same embedding."""
        self._pretend(frames)
        return np.ones((len(frames), 1), np.float32)

    def score(self, frames: Frames) -> Scores:
        """Give every term of a frame the same score, between 0.1 and 0.3."""
        self._pretend(frames)
        light = frames[:, 0, 0, :].mean(axis=1, dtype=np.float32) / np.float32(255)
        return np.repeat(np.float32(0.1) + np.float32(0.2) * light[:, None], self._terms, axis=1)

    def start(self, pieces: Sequence[Frames]) -> Callable[[], Scores]:
        """Score when called."""
        return partial(self.score, pieces[0] if len(pieces) == 1 else np.concatenate(pieces))

    def reference(self, frames: Frames) -> None:
        """Give nothing: there is no other way to look at nothing."""

    def _pretend(self, frames: Frames) -> None:
        if self._s_per_frame:
            time.sleep(self._s_per_frame * len(frames))
