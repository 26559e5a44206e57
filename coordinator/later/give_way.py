"""How the later look keeps out of the way of live uploads: between its steps, and between one look and the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from coordinator.intake import Intake

PATIENCE_S = 2.0
"""How long one look waits, all in all, for moments without live uploads. Where there are none, debts are looked at all
the same: the lanes keep live uploads first."""

RECENT_S = 5.0
"""So long after an upload the next one is to be expected at any moment."""

REST = 1.0
"""Between two looks while uploads come, as a multiple of the time that the last one worked."""


class GiveWay:
    """Wait for live uploads. One look at a time."""

    def __init__(
        self, intake: Intake, *, patience_s: float = PATIENCE_S, recent_s: float = RECENT_S, rest: float = REST
    ) -> None:
        self._intake = intake
        self._patience_s = patience_s
        self._recent_s = recent_s
        self._rest = rest
        self._left_s = patience_s
        self._seen = intake.live_uploads
        self._seen_s = -recent_s

    @asynccontextmanager
    async def look(self) -> AsyncIterator[None]:
        """Do one look inside, as soon as no live upload is on its way; rest after it while uploads come."""
        loop = asyncio.get_running_loop()
        self._left_s = self._patience_s
        await self.step()
        began_s, left_s = loop.time(), self._left_s
        yield
        worked_s = loop.time() - began_s - (left_s - self._left_s)
        if self._intake.live_uploads != self._seen:
            self._seen, self._seen_s = self._intake.live_uploads, loop.time()
        if loop.time() - self._seen_s < self._recent_s:
            await asyncio.sleep(worked_s * self._rest)

    async def step(self) -> None:
        """Return when no live upload is on its way, or when this look has waited long enough."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await self._intake.calm(within_s=self._left_s)
        self._left_s -= loop.time() - began_s
