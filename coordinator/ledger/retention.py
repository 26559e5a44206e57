"""Forget what is too old, and what a bad scanner made: in slices, so that others write in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from coordinator.ledger.errors import LedgerError
from coordinator.ledger.periods import Periods
from coordinator.ledger.store import Store
from coordinator.ledger.tables import debts, likenesses, scanners, scores, verdicts
from coordinator.ledger.times import Clock, now, to_seconds

logger = logging.getLogger(__name__)

FIRST_S = 60.0
"""After a start, when there is more important to do."""

EVERY_S = 6 * 3600.0
MOST_SLICES = 256
SLICE_ROWS = 4000
BREATH_S = 0.01
"""Between two slices."""


class Retention:
    """Remove old rows. Hashes are spread evenly: a part of their range is a slice of known size without an index.

    A slice has about `slice_rows` rows, or a 256th of the table if that is more.
    """

    def __init__(self, store: Store, periods: Periods, clock: Clock = now, *, slice_rows: int = SLICE_ROWS) -> None:
        self._store = store
        self._periods = periods
        self._clock = clock
        self._slice_rows = slice_rows

    async def run(self) -> None:
        """Remove what is too old, several times a day, until cancelled."""
        pause_s = FIRST_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = EVERY_S
            try:
                gone_verdicts, gone_scores = await self.remove_old()
                logger.info("forgot %d verdicts and the scores of %d, by age", gone_verdicts, gone_scores)
            except LedgerError as error:
                logger.error("nothing old could be removed: %s", error)

    async def remove_old(self) -> tuple[int, int]:
        """Remove old verdicts, scores and settled debts; return how many verdicts and scores. Raises LedgerError."""
        at = self._clock()
        old_scores = to_seconds(at - timedelta(days=self._periods.scores_days))
        old = to_seconds(at - timedelta(days=self._periods.verdicts_days))
        gone_scores = await self._remove(scores, scores.c.at < old_scores)
        await self._remove(likenesses, likenesses.c.at < old_scores)
        gone_verdicts = await self._remove(verdicts, verdicts.c.last_seen < old)
        async with self._store.writing() as connection:
            await connection.execute(delete(debts).where(debts.c.settled < old))
        return gone_verdicts, gone_scores

    async def forget_scanner(self, name: str, since: datetime) -> int:
        """Remove the verdicts that a scanner made since a time, and their scores; return how many.

        Raises LedgerError.
        """
        made_by = select(scanners.c.id).where(scanners.c.name == name).scalar_subquery()
        bad = (verdicts.c.scanner == made_by) & (verdicts.c.judged >= to_seconds(since))
        is_of_bad = (
            select(verdicts.c.sha256)
            .where(verdicts.c.sha256 == scores.c.sha256, verdicts.c.way == scores.c.way, bad)
            .exists()
        )
        await self._remove(scores, is_of_bad)
        return await self._remove(verdicts, bad)

    async def _remove(self, table: Any, condition: Any) -> int:
        gone = 0
        async with self._store.reading() as connection:
            rows = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
        for begin, end in _slices(min(MOST_SLICES, rows // self._slice_rows + 1)):
            in_slice = table.c.sha256 >= begin if end is None else table.c.sha256.between(begin, end)
            # Reading hinders nobody: the lock to write is taken only where there is something to remove.
            async with self._store.reading() as connection:
                found = (await connection.execute(select(table.c.sha256).where(in_slice, condition).limit(1))).first()
            if found is None:
                continue
            async with self._store.writing() as connection:
                gone += (await connection.execute(delete(table).where(in_slice, condition))).rowcount
            await asyncio.sleep(BREATH_S)
        return gone


def _slices(count: int) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield the bounds of each slice; a hash on a bound is in both, which does no harm."""
    bounds = [bytes([256 * number // count]) for number in range(count)]
    yield from zip(bounds, [*bounds[1:], None], strict=True)
