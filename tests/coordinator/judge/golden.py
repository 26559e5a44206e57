"""Frames with known verdicts: golden.json holds similarities, their columns, and what the original says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from coordinator.judge.policy import Policy


@dataclass(frozen=True)
class GoldenVector:
    """One frame: similarity by term, and the original's results by year of the rule."""

    similarities: Mapping[str, float]
    results: Mapping[str, Mapping[str, bool]]

    def frame(self, policy: Policy) -> tuple[float, ...]:
        """Return the similarities in the policy's columns."""
        return tuple(self.similarities[term] for term in policy.terms)


@cache
def golden_vectors() -> Sequence[GoldenVector]:
    """Return all 160 vectors."""
    golden = json.loads(Path(__file__).with_name("golden.json").read_text())
    return [
        GoldenVector(
            similarities=dict(zip(golden["terms"], vector["s"], strict=True)),
            results={year: vector[year] for year in ("2023", "2024")},
        )
        for vector in golden["vectors"]
    ]


def frame_of(policy: Policy, similarities: Mapping[str, float], *, rest: float = 0.0) -> list[float]:
    """Return a frame with the given similarities, and `rest` everywhere else."""
    return [similarities.get(term, rest) for term in policy.terms]


def columns_of(policy: Policy, *tables: str) -> list[int]:
    """Return the columns of all terms of some tables."""
    terms = {term for table in tables for term in policy.definition.thresholds[table]}
    return [column for column, term in enumerate(policy.terms) if term in terms]
