"""How far the scores of two scanners for the same frames may lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

Rows = Sequence[Sequence[float]]
"""Scores: one row a frame, one column a term."""

SELFTEST_ERROR = 0.002
"""What a scanner's self-test lets a similarity differ from fp32 on a processor (`scanner.selftest`)."""

ERROR_BY_PRECISION: Mapping[str, float] = MappingProxyType({"fp32": 0.0005})
"""fp32 is what the self-test compares with: what is left is the order of the additions, and TF32 in convolutions."""


def tolerance_of(one: str, other: str) -> float:
    """Return how far similarities may differ that were computed in these precisions; empty for one that is not known.

    Both may be wrong, in opposite directions: the sum of what either may be.
    """
    return ERROR_BY_PRECISION.get(one, SELFTEST_ERROR) + ERROR_BY_PRECISION.get(other, SELFTEST_ERROR)


def difference_of(one: Rows, other: Rows) -> float:
    """Return the largest difference of two tables; of frames that only one of them has, nothing is said."""
    return max(abs(a - b) for row, right in zip(one, other, strict=False) for a, b in zip(row, right, strict=True))
