"""Percentiles of a few values. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that so large a share of the values, 0 to 1, does not exceed; they must be in order.

    It is always one of them (nearest rank), 0 when there are none.
    """
    if not ordered:
        return 0.0
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
