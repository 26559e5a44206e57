"""The way of a listing through folders: which it goes into, and from when on what is in them is wanted. Pure.

A folder that cannot be listed is remembered with the time from when on it was wanted. Once it can be, its files are as
old as they were: later listings want them from that time on, however little else they want.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from coordinator.sweep.item import Item
from coordinator.sweep.order import may_hold_newer

EVER_S = float("-inf")
"""Before all times."""


@dataclass(frozen=True, slots=True)
class Below:
    """A folder to list."""

    place: bytes
    """Where it is, below the source's own place, with a slash at its end; that place itself is empty."""
    since_s: float
    """Unix time; only what changed since then is wanted."""

    def missed(self, why: str) -> Item:
        """Return what stands for a folder that cannot be listed."""
        return Item(place=self.place, tag=repr(self.since_s), fault=f"the folder cannot be listed: {why}")


class Walk:
    """Iterate over the folders to list, and tell of each what is in it: below the last one by name first."""

    def __init__(
        self, since_s: float | None, missed: Mapping[bytes, float], *, root: bytes, prefix: bytes, is_pictrs: bool
    ) -> None:
        """Take from when on files are wanted, which folders were missed before, and how places must begin.

        `root` is the path of the source on its machine, `is_pictrs` says that it is pict-rs's own store.
        """
        self._root = root
        self._prefix = prefix
        self._is_pictrs = is_pictrs
        self._missed = missed
        self._to_missed = {place[: slash.end()] for place in missed for slash in re.finditer(b"/", place)}
        self._folders = [self._below(b"", EVER_S if since_s is None else since_s)]

    def __iter__(self) -> Iterator[Below]:
        while self._folders:
            yield self._folders.pop()

    def go_into(self, below: Below, folders: Sequence[bytes]) -> None:
        """Take the folders that are in one, with slashes at their ends."""
        # The last is taken first.
        on_way = sorted(folder for folder in folders if self._is_on_way(folder, below))
        self._folders += [self._below(folder, below.since_s) for folder in on_way]

    def _below(self, place: bytes, since_s: float) -> Below:
        return Below(place, min(since_s, self._missed.get(place, since_s)))

    def _is_on_way(self, folder: bytes, below: Below) -> bool:
        if not (folder.startswith(self._prefix) or self._prefix.startswith(folder)):
            return False
        if folder in self._to_missed:
            return True
        whole = self._root + b"/" + folder
        return may_hold_newer(folder, below.since_s, whole=whole, is_pictrs=self._is_pictrs)


def missed_since_s(tag: str) -> float:
    """Return from when on what is in a missed folder is wanted, by the tag of the item that stands for it."""
    return float(tag) if tag else EVER_S
