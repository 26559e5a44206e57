"""Find the nearest among a million PDQs. Pure, but for its need of NumPy: loaded only where there is a list.

Distances are numbers of bits that differ, out of 256.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from coordinator.media.looks import PDQ_BYTES

Words: TypeAlias = NDArray[np.uint64]

_WORDS = PDQ_BYTES // 8
_AT_ONCE = 131_072
"""Of each column 1 MiB: small enough for the processor's cache, and so many that the interpreter is taken rarely, for
which a busy event loop is waited for each time."""


@dataclass(frozen=True, slots=True)
class Near:
    """A PDQ that was found, and how many bits of it differ."""

    pdq: bytes
    distance: int


class LikenessIndex:
    """Hold PDQs, 32 bytes each, one behind the other. It never changes: `extended` returns another one."""

    def __init__(self, pdqs: bytes = b"") -> None:
        """Raise ValueError when that is no whole number of PDQs."""
        if len(pdqs) % PDQ_BYTES:
            raise ValueError(f"{len(pdqs)} bytes of PDQs")
        # A column for each word of 64 bits: they are compared one after the other.
        self._columns: Words = np.ascontiguousarray(np.frombuffer(pdqs, np.uint64).reshape(-1, _WORDS).T)

    def __len__(self) -> int:
        return int(self._columns.shape[1])

    def __repr__(self) -> str:
        return f"<LikenessIndex of {len(self)}>"

    def extended(self, pdqs: bytes) -> LikenessIndex:
        """Return an index of these PDQs and those that are here."""
        longer = LikenessIndex(pdqs)
        longer._columns = np.hstack([self._columns, longer._columns])
        return longer

    def nearest(self, pdq: bytes, *, within: int) -> Near | None:
        """Return the nearest PDQ no further away than `within` bits, the first of several; None when there is none."""
        wanted = np.frombuffer(pdq, np.uint64)
        best, place = within + 1, -1
        for start in range(0, len(self), _AT_ONCE):
            part = self._columns[:, start : start + _AT_ONCE]
            bits = np.bitwise_count(part[0] ^ wanted[0]).astype(np.uint16)
            for column, word in zip(part[1:], wanted[1:], strict=True):
                bits += np.bitwise_count(column ^ word)
            nearest = int(bits.argmin())
            if bits[nearest] < best:
                best, place = int(bits[nearest]), start + nearest
        return None if place < 0 else Near(self._columns[:, place].tobytes(), best)
