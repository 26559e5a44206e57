"""Whether uploads are admitted, and how many are on their way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.messages import Lane


def _nothing() -> None:
    """Tell nobody."""


class Intake:
    """Count the uploads between their first byte and their answer, so that a stop can wait for them."""

    def __init__(self, *, on_live: Callable[[], None] = _nothing, on_calm: Callable[[], None] = _nothing) -> None:
        """Take what is told when a live upload comes, and when the last of them has its answer."""
        self._on_live = on_live
        self._on_calm = on_calm
        self.is_open = True
        self.open_uploads = 0
        """Of both lanes."""
        self.open_live = 0
        self.live_uploads = 0
        """Since the start."""
        self.uploads = 0
        """Since the start, of both lanes."""
        self._empty = asyncio.Event()
        self._empty.set()
        self._calm = asyncio.Event()
        self._calm.set()

    @contextmanager
    def upload(self, lane: Lane = Lane.LIVE) -> Iterator[bool]:
        """Count one upload as on its way; say whether it is admitted, which a later stop does not change."""
        self.open_uploads += 1
        self.uploads += 1
        self._empty.clear()
        try:
            if lane is Lane.LIVE:
                with self._live():
                    yield self.is_open
            else:
                yield self.is_open
        finally:
            self.open_uploads -= 1
            if self.open_uploads == 0:
                self._empty.set()

    @contextmanager
    def _live(self) -> Iterator[None]:
        self.open_live += 1
        self.live_uploads += 1
        self._calm.clear()
        self._on_live()
        try:
            yield
        finally:
            self.open_live -= 1
            if self.open_live == 0:
                self._calm.set()
                self._on_calm()

    def stop(self) -> None:
        """Admit no more: those that still come are answered at once, unseen."""
        self.is_open = False

    async def drained(self) -> None:
        """Wait until no upload is on its way."""
        await self._empty.wait()

    async def calm(self, *, within_s: float) -> None:
        """Wait until no live upload is on its way, for so long at most."""
        if self.open_live == 0 or within_s <= 0:
            return
        try:
            async with asyncio.timeout(within_s):
                await self._calm.wait()
        except TimeoutError:
            return
