"""The worker of the later look: takes debts that are due, one at a time, while a scanner is ready."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from coordinator.later.give_way import GiveWay
from coordinator.later.look import Look
from coordinator.later.plan import Leave
from coordinator.later.progress import Progress
from coordinator.ledger.debts import Debts
from coordinator.ledger.errors import LedgerError
from coordinator.ledger.times import Clock, now
from coordinator.pictrs.errors import PictRsError

logger = logging.getLogger(__name__)

FRESH_S = 2.0
"""pict-rs gives a picture its first alias only after it has the answer that accepts it."""

IDLE_S = 5.0
"""How often the ledger is asked for debts that have become due: one query on an index."""

BATCH = 32

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""Between two attempts while pict-rs or the ledger cannot be worked with."""

NO_WORK = (PictRsError, LedgerError)


class LaterLook:
    """Pay the debts. `run` it as a task of its own, and cancel it to stop: nothing is lost, debts are in the ledger."""

    def __init__(
        self,
        *,
        look: Look,
        debts: Debts,
        scanner_ready: Callable[[], Awaitable[None]],
        give_way: GiveWay,
        clock: Clock = now,
        idle_s: float = IDLE_S,
        fresh_s: float = FRESH_S,
    ) -> None:
        self._look = look
        self._debts = debts
        self._scanner_ready = scanner_ready
        self._give_way = give_way
        self._clock = clock
        self._idle_s = idle_s
        self._fresh = timedelta(seconds=fresh_s)
        self._progress = Progress()
        self._failures = 0
        self.fault = ""
        """Why debts cannot be paid now, in a sentence; empty when they can."""

    def __repr__(self) -> str:
        return f"<LaterLook {self._progress}>"

    async def run(self) -> None:
        """Pay debts until cancelled."""
        while True:
            await self._scanner_ready()
            try:
                is_idle = not await self._pay()
            except NO_WORK as error:
                await self._back_off(error)
            else:
                self._is_back()
                if is_idle:
                    await asyncio.sleep(self._idle_s)

    async def _pay(self) -> bool:
        """Take some debts that are due; say whether there was anything to do."""
        due = await self._debts.open_debts(limit=BATCH, due_before=self._clock() - self._fresh)
        for owed in due:
            async with self._give_way.look():
                step = await self._look.settle(owed)
            self._is_back()
            if isinstance(step, Leave):
                return False
            if self._progress.note(step, asyncio.get_running_loop().time()):
                await self._tell()
        if not due and self._progress.end():
            await self._tell()
        return bool(due)

    async def _tell(self) -> None:
        counts = await self._debts.debt_counts()
        since = "-" if counts.oldest is None else counts.oldest.isoformat(timespec="seconds")
        logger.info("later look: %s; %d left, the oldest of %s", self._progress, counts.open, since)

    async def _back_off(self, error: Exception) -> None:
        pause_s = min(FIRST_PAUSE_S * 2.0 ** min(self._failures, 16), LONGEST_PAUSE_S)
        if not self._failures:
            logger.warning("later look: %s; trying again", error)
        self._failures += 1
        self.fault = str(error)
        await asyncio.sleep(pause_s)

    def _is_back(self) -> None:
        if self._failures:
            logger.info("later look: goes on after %d failures", self._failures)
            self._failures = 0
            self.fault = ""
