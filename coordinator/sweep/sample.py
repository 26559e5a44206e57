"""Choose some files of many, the same at every time. Pure."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable

from coordinator.sweep.item import Item


class Sample:
    """Keep those whose places have the lowest hashes: whatever the order of a listing, they are the same."""

    def __init__(self, size: int) -> None:
        """Take how many."""
        self._size = size
        self._kept: list[tuple[int, bytes, Item]] = []

    def add(self, items: Iterable[Item]) -> None:
        """Offer files."""
        for item in items:
            rank = -int.from_bytes(hashlib.blake2b(item.place, digest_size=8).digest(), "big")
            entry = (rank, item.place, item)
            if len(self._kept) < self._size:
                heapq.heappush(self._kept, entry)
            elif entry > self._kept[0]:
                heapq.heapreplace(self._kept, entry)

    def chosen(self) -> list[Item]:
        """Return what was chosen, in the order of the places."""
        return sorted((item for _, _, item in self._kept), key=lambda item: item.place)
