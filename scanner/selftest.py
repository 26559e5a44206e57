"""Compare what a device computes with what it should, before anybody relies on it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from scanner.errors import SelfTestError
from scanner.models import Embeddings, Model, Scores
from scanner.photographs import draw_photographs

logger = logging.getLogger(__name__)

LEAST_COSINE = 0.999
MOST_DIFFERENCE = 0.002
"""Bounds of the self-test: a policy's thresholds stand further apart than that."""

QUICK_FRAMES, FULL_FRAMES = 2, 16
SEED = 2024


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How close a device comes to fp32 on the processor, over some frames: worst values."""

    frames: int
    cosine: float
    """Least cosine of a frame's embedding with the right one; 0 when there are values that are not finite."""
    difference: float
    """Largest difference of a similarity from the right one."""

    @property
    def holds(self) -> bool:
        """Say whether the device may serve."""
        return self.cosine >= LEAST_COSINE and self.difference <= MOST_DIFFERENCE

    def __str__(self) -> str:
        return (
            f"cosine to fp32 on the processor {self.cosine:.5f} (at least {LEAST_COSINE}), similarities differ by "
            f"{self.difference:.5f} (at most {MOST_DIFFERENCE}), over {self.frames} frames"
        )


def check(model: Model, *, frames: int = FULL_FRAMES) -> Fidelity | None:
    """Measure a model that has encoded its terms; None when it has nothing to compare with.

    The first time for some weights and terms takes seconds; see `Model.reference`.
    """
    pictures = draw_photographs(frames, model.frame_size, seed=SEED)
    right = model.reference(pictures)
    if right is None:
        return None
    # One by one, as live frames come when there is time.
    embeddings = np.concatenate([model.embed(pictures[index : index + 1]) for index in range(frames)])
    return compare(embeddings, model.score(pictures), *right)


def settle(model: Model, *, frames: int = FULL_FRAMES) -> Fidelity | None:
    """Measure a model, and once more if it fails and can then go on more precisely."""
    fidelity = check(model, frames=frames)
    if fidelity is None or fidelity.holds or not model.retreat():
        return fidelity
    logger.warning("not precise enough (%s): goes on as %s", fidelity, model.device)
    return check(model, frames=frames)


def require_fidelity(model: Model) -> None:
    """Test on a few frames. Raises SelfTestError."""
    fidelity = settle(model, frames=QUICK_FRAMES)
    if fidelity is not None and not fidelity.holds:
        raise SelfTestError(fidelity)


def compare(embeddings: Embeddings, scores: Scores, right: Embeddings, right_scores: Scores) -> Fidelity:
    """Compare tables of the same shapes. Rows of `right` have length 1."""
    if not (np.isfinite(embeddings).all() and np.isfinite(scores).all()):
        return Fidelity(len(embeddings), 0.0, float("inf"))
    lengths = np.maximum(np.linalg.norm(embeddings, axis=1), 1e-12)
    cosines = (embeddings * right).sum(axis=1) / lengths
    return Fidelity(len(embeddings), float(cosines.min()), float(np.abs(scores - right_scores).max()))
