"""Figures count what was judged rightly, by the rule that the policy has."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from scanner.demo.figures import TERMS, THRESHOLD, Figures, flagged, measure
from scanner.demo.scene import Kind
from scanner.models import Frames, Scores

POLICY = Path(__file__).parents[3] / "coordinator" / "judge" / "policies" / "demo.toml"


@dataclass(frozen=True)
class SameAnswer:
    """A model that scores everything alike, whatever it is shown."""

    similarity: float
    name: str = "same answer"
    fingerprint: str = "0" * 64
    frame_size: int = 64
    device_asked: str = "cpu"
    device: str = "cpu"

    def encode_terms(self, terms: Sequence[str]) -> None:
        """Expect the terms of the demo policy."""
        assert tuple(terms) == TERMS

    def score(self, frames: Frames) -> Scores:
        """Check the frames and give the same score for all."""
        assert frames.shape[1:] == (64, 64, 3)
        assert frames.dtype == np.uint8
        return np.full((len(frames), len(TERMS)), self.similarity, dtype=np.float32)


def test_terms_and_threshold_are_those_of_the_policy() -> None:
    """What is measured here is what the coordinator judges by."""
    policy = tomllib.loads(POLICY.read_text())
    assert policy["model"] == "demo"
    assert policy["rule"] == "every-part"
    assert list(policy["thresholds"].values()) == [{term: THRESHOLD} for term in TERMS]


def test_flagged_needs_every_part_strictly_over_its_threshold() -> None:
    """One part alone, and a score that only reaches the threshold, flag nothing."""
    scores = np.array([[0.5, 0.5], [0.5, 0.1], [0.1, 0.5], [0.5, THRESHOLD]], dtype=np.float32)
    assert flagged(scores).tolist() == [True, False, False, False]


@pytest.mark.parametrize(("similarity", "right"), [(0.9, {Kind.BOTH: 3}), (0.0, {Kind.NEAR_MISS: 2, Kind.OTHER: 3})])
def test_measure_counts_by_kind(similarity: float, right: dict[Kind, int]) -> None:
    """A model that flags everything is right on the pairs only; one that flags nothing, on all others."""
    figures = measure(SameAnswer(similarity), 8, seed=1)
    assert +figures.right == Counter(right)
    assert figures.total == Counter({Kind.BOTH: 3, Kind.NEAR_MISS: 2, Kind.OTHER: 3})


def test_figures_print_their_shares() -> None:
    """The line names the accuracy, the number of pictures and each kind."""
    figures = Figures(Counter({Kind.BOTH: 3, Kind.OTHER: 4}), Counter({Kind.BOTH: 3, Kind.NEAR_MISS: 1, Kind.OTHER: 4}))
    assert figures.accuracy == 0.875
    assert str(figures) == "held-out pictures judged rightly: 87.5% of 8 (both 3/3, near miss 0/1, other 4/4)"
