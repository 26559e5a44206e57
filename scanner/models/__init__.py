"""Models that turn frames and terms into scores. What every model can do stands here; torch stays in `clip`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
"""RGB pixels, shape (frames, size, size, 3)."""

Embeddings = NDArray[np.float32]
"""What a model sees in frames, shape (frames, dimensions), each row of length 1."""

Scores = NDArray[np.float32]
"""Cosine similarity of every frame with every term, shape (frames, terms), each within [-1, 1]."""


class Scorer(Protocol):
    """What it takes to score some frames."""

    @property
    def frame_size(self) -> int:
        """Side of a frame in pixels."""

    def encode_terms(self, terms: Sequence[str]) -> None:
        """Compute and keep the embeddings of the terms that later calls of `score` compare with."""

    def score(self, frames: Frames) -> Scores:
        """Compare every frame with every term. Call `encode_terms` first."""


class Model(Scorer, Protocol):
    """Compute scores. The engine calls the methods from its one worker thread only.

    Those that compute raise MemoryError when the device has too little memory, after which a smaller batch may do, and
    DeviceLostError when it will not compute any more in this process.
    """

    @property
    def name(self) -> str:
        """Name that policies use, for example `ViT-L-14/openai`."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights, in hex."""

    @property
    def software(self) -> str:
        """What computes, with versions: what was measured with another does not count."""

    @property
    def device_asked(self) -> str:
        """Device that the admin asked for: auto, cpu, cuda or mps."""

    @property
    def device(self) -> str:
        """Device and precision in use, in words for the log and the admin page, for example `cpu (bf16)`."""

    @property
    def precision(self) -> str:
        """What it computes in now, such as bf16: how far its scores may be from those of another scanner."""

    @property
    def overlaps(self) -> bool:
        """Say whether a batch may be started while another one is computed, as on a device of its own."""

    def retreat(self) -> bool:
        """Compute more precisely from now on, where the admin left the choice to us. Says whether that was possible."""

    def embed(self, frames: Frames) -> Embeddings:
        """Compute the embeddings of frames; needs no terms."""

    def start(self, pieces: Sequence[Frames]) -> Callable[[], Scores]:
        """Begin to score the frames of all pieces, and give what waits for the scores. Call `encode_terms` first."""

    def reference(self, frames: Frames) -> tuple[Embeddings, Scores] | None:
        """Give the right embeddings and scores of frames, or None for a model that has no others to compare with."""
