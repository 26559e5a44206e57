"""Models that turn frames and terms into scores. What every model can do stands here; torch stays in `clip`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
"""RGB pixels, shape (frames, size, size, 3)."""

Scores = NDArray[np.float32]
"""Cosine similarity of every frame with every term, shape (frames, terms), each within [-1, 1]."""


class Model(Protocol):
    """Compute scores. The engine calls both methods from its one worker thread only."""

    @property
    def name(self) -> str:
        """Name that policies use, for example `ViT-L-14/openai`."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights, in hex."""

    @property
    def frame_size(self) -> int:
        """Side of a frame in pixels."""

    @property
    def device_asked(self) -> str:
        """Device that the admin asked for: auto, cpu, cuda or mps."""

    @property
    def device(self) -> str:
        """Device and precision in use, in words for the log and the admin page, for example `cpu (bf16)`."""

    def encode_terms(self, terms: Sequence[str]) -> None:
        """Compute and keep the embeddings of the terms that later calls of `score` compare with."""

    def score(self, frames: Frames) -> Scores:
        """Compare every frame with every term. Call `encode_terms` first."""
