"""Check the scores that a scanner sends, before they count."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

FLOAT32_BYTES = 4


class ScoresError(ValueError):
    """Scores have the wrong shape, or a value that no similarity can have."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Cosine similarities of frames with terms: one row a frame, one column a term, each within [-1, 1]."""

    rows: Sequence[Sequence[float]] = field(repr=False)
    weights: str = ""
    """Fingerprint of the weights of the model that made them."""

    @classmethod
    def parse(cls, data: bytes, *, frames: int, terms: int, weights: str = "") -> Scores:
        """Read float32, little-endian, row by row, shape (frames, terms).

        Raises ScoresError for another length, NaN, infinity, and values beyond [-1, 1].
        """
        if len(data) != frames * terms * FLOAT32_BYTES:
            raise ScoresError(f"{len(data)} bytes of scores, not {frames} x {terms} float32")
        values = struct.unpack(f"<{frames * terms}f", data)
        # A comparison with NaN is false, so that NaN is refused here too.
        if not all(-1.0 <= value <= 1.0 for value in values):
            raise ScoresError("a score that is not within [-1, 1]")
        return cls([values[start : start + terms] for start in range(0, frames * terms, terms)], weights)
