"""Find scanners that say the same whatever they are shown: a stuck buffer, or a model that looks at nothing."""

from __future__ import annotations

from collections.abc import Sequence

SAME_SCORES = "the same scores for unlike frames"
"""The fault, in words."""

SAMPLE_BYTES = 64
"""Bytes of a frame that are kept for telling whether it is like another."""

UNLIKE = 16.0
"""Frames whose samples differ by so much on average, of 255, show different things."""

LEAST_TERMS = 2
"""A single similarity may be the same by chance, and those of the null model are."""


def sample_of(pixels: bytes) -> bytes:
    """Return a few bytes of a frame, from all over it."""
    # Odd and no multiple of three: so that all colours, and not one column of the frame only, are in it.
    step = max(len(pixels) // SAMPLE_BYTES, 1) | 1
    return pixels[:: step + 2 if step % 3 == 0 else step]


def are_unlike(one: bytes, other: bytes) -> bool:
    """Say whether the frames of two samples show different things."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) > UNLIKE * len(one)


class Constancy:
    """What one connection said last, and of what."""

    def __init__(self) -> None:
        self._sample = b""
        self._row: Sequence[float] = ()

    def finds_fault(self, samples: Sequence[bytes], rows: Sequence[Sequence[float]]) -> bool:
        """Say whether, in these scores or since the last ones, two unlike frames in a row got exactly the same."""
        found = False
        for sample, row in zip(samples, rows, strict=True):
            if row == self._row and len(row) >= LEAST_TERMS and are_unlike(sample, self._sample):
                found = True
            self._sample, self._row = sample, row
        return found
