"""How a file is removed: from its store, or by pict-rs where the store is pict-rs's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from coordinator.pictrs.client import PictRs, Stored
from coordinator.pictrs.content import Content
from coordinator.pictrs.errors import PictRsError, UnreachableError
from coordinator.sweep.errors import RemovalError, SourceAwayError
from coordinator.sweep.item import Item
from coordinator.sweep.sources.source import Source


class Removal(Protocol):
    """A way to remove a file. `sha256` is that of the bytes that were looked at."""

    async def aliases(self, item: Item, sha256: str) -> tuple[str, ...]:
        """Return the other names that lead to a file. Raises RemovalError and SourceAwayError."""

    async def remove(self, item: Item, sha256: str) -> tuple[str, ...]:
        """Remove a file, and look whether it is gone; return the other names that are gone with it.

        Raises RemovalError and SourceAwayError.
        """


class StoreRemoval:
    """Remove files from their store."""

    def __init__(self, source: Source) -> None:
        self._source = source

    async def aliases(self, item: Item, sha256: str) -> tuple[str, ...]:
        """Return what the listing showed."""
        return item.aliases

    async def remove(self, item: Item, sha256: str) -> tuple[str, ...]:
        """Remove a file from the store."""
        return await self._source.remove(item)


class PictRsRemoval:
    """Have pict-rs remove contents: behind its back it would keep the names, and hand them out for new uploads."""

    def __init__(self, pictrs: PictRs) -> None:
        self._pictrs = pictrs

    async def aliases(self, item: Item, sha256: str) -> tuple[str, ...]:
        """Ask pict-rs for the aliases of a content."""
        return tuple(alias for stored in await self._find(item, sha256) for alias in stored.aliases)

    async def remove(self, item: Item, sha256: str) -> tuple[str, ...]:
        """Purge a content in every format that pict-rs has it in."""
        with _translated():
            purged = [await self._pictrs.purge(stored) for stored in await self._find(item, sha256)]
        return tuple(alias for aliases in purged for alias in aliases)

    async def _find(self, item: Item, sha256: str) -> tuple[Stored, ...]:
        with _translated():
            found = await self._pictrs.find(Content(sha256, item.size_bytes, ""), all_formats=True)
        if not found:
            raise RemovalError("pict-rs knows no such content: a smaller copy that it made goes when its original does")
        return found


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except UnreachableError as error:
        raise SourceAwayError(str(error)) from error
    except PictRsError as error:
        raise RemovalError(str(error)) from error
