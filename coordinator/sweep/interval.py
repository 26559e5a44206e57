"""How sure one can be of a share that was counted. Pure."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054
"""The standard normal distribution has 95 % within so many standard deviations."""


def wilson(count: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of which `count` of `total` were seen; all of [0, 1] without any.

    Wilson's score interval (E. B. Wilson, 1927), which holds also for none, all, and few.
    """
    if not total:
        return 0.0, 1.0
    share, square = count / total, Z_95**2
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = Z_95 / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total**2))
    # Rounding must not leave a bit of doubt at the ends.
    return (0.0 if count == 0 else max(0.0, middle - half)), (1.0 if count == total else min(1.0, middle + half))
