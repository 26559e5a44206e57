"""Hypothesis strategies for frames near the thresholds."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from coordinator.judge.policy import Policy
from tests.coordinator.judge.golden import golden_vectors

#: How far a frame strays from a golden one, in units of similarity: the golden ones lie around the thresholds.
STRAY = 0.02


def frames_near(policy: Policy) -> st.SearchStrategy[list[float]]:
    """Draw frames around the golden ones, some closer and some further."""

    def strayed(index: int, seed: int, stray: float) -> list[float]:
        source = random.Random(seed)
        return [value + source.uniform(-stray, stray) for value in golden_vectors()[index].frame(policy)]

    return st.builds(
        strayed,
        st.integers(0, len(golden_vectors()) - 1),
        st.integers(0, 2**32 - 1),
        st.sampled_from((0.0, STRAY / 8, STRAY)),
    )


def flagged_frames(policy: Policy) -> st.SearchStrategy[list[float]]:
    """Draw frames that the policy flags."""
    return frames_near(policy).filter(lambda frame: policy.judge(frame).flagged)


def rises() -> st.SearchStrategy[float]:
    """Draw by how much a similarity rises: mostly little, so that it often stops between two thresholds."""
    return st.one_of(st.floats(0, 0.02), st.floats(0, 0.3))


def raised(frame: list[float], column: int, rise: float) -> list[float]:
    """Return the frame with one similarity raised."""
    return [*frame[:column], frame[column] + rise, *frame[column + 1 :]]
