"""What every source of a sweep can do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from coordinator.sweep.item import Item

BATCH = 500
"""Items of a listing that travel together."""

NONE_MISSED: Mapping[bytes, float] = MappingProxyType({})


class Source(Protocol):
    """A store that can be listed, read, and rid of single files. Nothing of it is read before the first call."""

    @property
    def name(self) -> str:
        """The address, without secrets: the same store has the same name at every start."""

    @property
    def tells_time(self) -> bool:
        """Whether every place tells when a file came, so that what is old need not even be listed."""

    def listing(
        self, since_s: float | None = None, missed: Mapping[bytes, float] = NONE_MISSED
    ) -> AsyncIterator[Sequence[Item]]:
        """Yield all files, or those that changed since a Unix time, in batches, in memory that does not grow.

        A folder that cannot be listed is yielded as an item with a fault; everything else goes on. `missed` has those
        of earlier listings, with a slash at their ends, and from when on what is in them is wanted.

        Raises SourceError, and SourceAwayError when another try may work.
        """

    def fetch(self, item: Item) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file. Raises GoneError, FetchError and SourceAwayError, also after some bytes."""

    async def tag(self, item: Item) -> str:
        """Return the tag that a file has now. Raises GoneError, FetchError and SourceAwayError."""

    async def remove(self, item: Item) -> tuple[str, ...]:
        """Remove a file, and look whether it is gone; return other names that are gone with it.

        Raises RemovalError and SourceAwayError.
        """

    async def close(self) -> None:
        """Hang up."""
