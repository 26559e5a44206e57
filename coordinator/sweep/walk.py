"""The way of a listing through folders: which it goes into, and from when on what is in them is wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coordinator.sweep.order import may_hold_newer


@dataclass(frozen=True, slots=True)
class Below:
    """A folder to list."""

    place: bytes
    """Where it is, below the source's own place, with a slash at its end; that place itself is empty."""
    since_s: float
    """Unix time; only what changed since then is wanted."""


class Walk:
    """Iterate over the folders to list, and tell of each what is in it: below the last one by name first."""

    def __init__(self, since_s: float | None, *, root: bytes, prefix: bytes, is_pictrs: bool) -> None:
        """Take from when on files are wanted, and how their places must begin.

        `root` is the path of the source on its machine, `is_pictrs` says that it is pict-rs's own store.
        """
        self._root = root
        self._prefix = prefix
        self._is_pictrs = is_pictrs
        self._folders = [Below(b"", float("-inf") if since_s is None else since_s)]

    def __iter__(self) -> Iterator[Below]:
        while self._folders:
            yield self._folders.pop()

    def go_into(self, below: Below, folders: Sequence[bytes]) -> None:
        """Take the folders that are in one, with slashes at their ends."""
        # The last is taken first.
        self._folders += [Below(folder, below.since_s) for folder in sorted(folders) if self._is_on_way(folder, below)]

    def _is_on_way(self, folder: bytes, below: Below) -> bool:
        if not (folder.startswith(self._prefix) or self._prefix.startswith(folder)):
            return False
        whole = self._root + b"/" + folder
        return may_hold_newer(folder, below.since_s, whole=whole, is_pictrs=self._is_pictrs)
