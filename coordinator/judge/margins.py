"""Margins: how far a frame or an upload is from being flagged, in units of similarity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

ALL_PARTS = "*"
"""In the place of a part: all that can be moved, by the same amount."""

DECIMALS = 9
"""Similarities and thresholds have fewer; what is beyond comes from subtracting them."""

LEAST = -2.0
"""Similarities are within [-1, 1], and so are thresholds: nothing is further away."""


@dataclass(frozen=True, slots=True)
class Margins:
    """How far something is from being flagged, by the keys of the parts whose strictness means something.

    `parts` says how far the thresholds of a part lie below what was seen: over 0, the part is found. `flagged_from`
    says for one part, or for ALL_PARTS, the strictness above which it is flagged when that is added and everything else
    left alone. Infinite: no strictness of that part does it.
    """

    parts: Mapping[str, float]
    flagged_from: Mapping[str, float]

    @property
    def flagged(self) -> bool:
        """Say whether it is flagged as things are."""
        return self.flagged_from[ALL_PARTS] < 0

    @classmethod
    def where_all_are_needed(cls, parts: Mapping[str, float]) -> Margins:
        """Make the margins of a rule that flags when every part is found, each by tables of its own."""
        flagged_from = {
            part: -margin if all(other > 0 for key, other in parts.items() if key != part) else math.inf
            for part, margin in parts.items()
        }
        return cls.rounded(parts, {**flagged_from, ALL_PARTS: -min(parts.values())})

    @classmethod
    def rounded(cls, parts: Mapping[str, float], flagged_from: Mapping[str, float]) -> Margins:
        """Make margins without the dust of subtractions."""
        return cls(
            {part: round(margin, DECIMALS) for part, margin in parts.items()},
            {
                part: round(amount, DECIMALS) if math.isfinite(amount) else amount
                for part, amount in flagged_from.items()
            },
        )


def of_upload(frames: Sequence[Margins]) -> Margins:
    """Return the margins of an upload: one of its frames is enough to flag it. There must be at least one."""
    first = frames[0]
    return Margins(
        {part: max(frame.parts[part] for frame in frames) for part in first.parts},
        {part: min(frame.flagged_from[part] for frame in frames) for part in first.flagged_from},
    )


def margin_of(similarities: Sequence[float], limits: Iterable[tuple[int, float]]) -> float:
    """Return how far the best of some columns is over its limit; LEAST when there are none."""
    return max((similarities[column] - limit for column, limit in limits), default=LEAST)


def margin_of_points(margins: Iterable[tuple[float, int]], needed: int) -> float:
    """Return how far the limits could be raised with enough points left: each is a margin and what it counts."""
    points = 0
    for margin, worth in sorted(margins, reverse=True):
        points += worth
        if points >= needed:
            return margin
    return LEAST
