"""Whether uploads are admitted, and how many are on their way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Intake:
    """Count the uploads between their first byte and their answer, so that a stop can wait for them."""

    def __init__(self) -> None:
        self.is_open = True
        self.open_uploads = 0
        self.uploads = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @contextmanager
    def upload(self) -> Iterator[bool]:
        """Count one upload as on its way; say whether it is admitted, which a later stop does not change."""
        self.open_uploads += 1
        self.uploads += 1
        self._empty.clear()
        try:
            yield self.is_open
        finally:
            self.open_uploads -= 1
            if self.open_uploads == 0:
                self._empty.set()

    def stop(self) -> None:
        """Admit no more: those that still come are answered at once, unseen."""
        self.is_open = False

    async def drained(self) -> None:
        """Wait until no upload is on its way."""
        await self._empty.wait()
