"""What a library that is innocent says about a policy. Pure: no input or output."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coordinator.judge.margins import ALL_PARTS
from coordinator.judge.strictness import STRICTNESS_LIMIT
from coordinator.sweep.asking import Margins, PolicyInForce
from coordinator.sweep.histogram import Histogram
from coordinator.sweep.interval import wilson

STEP = 0.0005
"""Strictness is suggested in such steps, in units of similarity."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the pictures."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """The share itself; 0 of none."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval."""
        return wilson(self.count, self.total)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count} of {self.total}: {self.value:.3%}, 95 % between {low:.3%} and {high:.3%}"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A strictness that gives the wanted rate in this library."""

    part: str
    """The part that is moved, or ALL_PARTS."""
    setting: str
    """The value of FEDIWARD_STRICTNESS."""
    share: Share
    """What would be flagged."""


class Calibration:
    """Gather the margins of pictures."""

    def __init__(self, policy: PolicyInForce) -> None:
        self.policy = policy
        self.pictures = 0
        self.flagged = 0
        self.found: dict[str, int] = {}
        self.histograms: dict[str, Histogram] = {}
        self._flagged_from: dict[str, array[float]] = {}

    def add(self, margins: Margins) -> None:
        """Count one picture."""
        self.pictures += 1
        self.flagged += margins.flagged
        for part, margin in margins.parts.items():
            self.found[part] = self.found.get(part, 0) + (margin > 0)
            self.histograms.setdefault(part, Histogram()).add(margin)
        for part, amount in margins.flagged_from.items():
            amounts = self._flagged_from.setdefault(part, array("d"))
            amounts.append(math.inf if amount is None else amount)

    @property
    def share(self) -> Share:
        """What the policy in force flags."""
        return Share(self.flagged, self.pictures)

    def share_of(self, part: str) -> Share:
        """In how many pictures a part is found."""
        return Share(self.found.get(part, 0), self.pictures)

    def name_of(self, part: str) -> str:
        """Return the display name of a part."""
        return self.policy.parts.get(part, part)

    def suggestions(self, target: float) -> Iterator[Suggestion]:
        """Yield what each part alone, and all together, must be moved by for at most this share to be flagged.

        A part that cannot do it within the limit of strictness is left out. The strictest that does it is given.
        """
        most = math.floor(target * self.pictures + 1e-9)
        for part, amounts in sorted(self._flagged_from.items(), key=lambda entry: entry[0] != ALL_PARTS):
            ordered = sorted(amounts)
            # Flagged is what is strictly below the amount: at the one of the first too many, that one is not yet.
            highest = ordered[most] if most < len(ordered) else math.inf
            settings = self._setting(part, highest)
            if settings is not None:
                amount, setting = settings
                yield Suggestion(part, setting, Share(sum(value < amount for value in ordered), self.pictures))

    def _setting(self, part: str, highest: float) -> tuple[float, str] | None:
        """Return the largest amount to add, and the setting that it comes to; None when it is beyond the limits."""
        parts = [name for name in self._flagged_from if name != ALL_PARTS] if part == ALL_PARTS else [part]
        current = self.policy.strictness
        room = min(STRICTNESS_LIMIT - current.get(name, 0.0) for name in parts)
        least = max(-STRICTNESS_LIMIT - current.get(name, 0.0) for name in parts)
        amount = round(math.floor(round(min(highest, room) / STEP, 6)) * STEP, 6)
        if amount < least:
            return None
        moved = dict(current) | {name: round(current.get(name, 0.0) + amount, 6) for name in parts}
        return amount, written(moved)


def written(strictness: Mapping[str, float]) -> str:
    """Write a strictness as FEDIWARD_STRICTNESS takes it."""
    return ",".join(f"{part}:{amount:+g}" for part, amount in sorted(strictness.items()) if amount)
