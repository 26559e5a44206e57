"""Which scans are looked at a second time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

SHARE = 0.01
"""Of the scans that were not flagged."""

FRAMES = 2
"""Frames of a spot check at most: the one that decided, and one beside it. More would keep a slow scanner for long."""


class Sampler:
    """Choose scans by chance, and every one that was flagged."""

    def __init__(self, draw: Callable[[], float], *, share: float = SHARE) -> None:
        """Take a source of numbers that are even over [0, 1)."""
        self._draw = draw
        self._share = share

    def wants(self, *, flagged: bool) -> bool:
        """Say whether a scan should be looked at by another scanner too, if one has time."""
        return flagged or self._draw() < self._share


def chosen_frames(frames: int, decisive: int) -> Sequence[int]:
    """Return the indices of the frames that a spot check takes, out of so many: the decisive one first."""
    return (decisive, *(index for index in range(frames) if index != decisive))[:FRAMES]
