"""One pass over a source: list, settle many at once, try again what is left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeAlias

from coordinator.sweep.errors import SourceAwayError
from coordinator.sweep.flow import MOST_AT_ONCE
from coordinator.sweep.item import Item
from coordinator.sweep.look import Look, Settled
from coordinator.sweep.row import Row
from coordinator.sweep.sources.source import BATCH, Source
from coordinator.sweep.state import Run, State
from coordinator.sweep.tally import Tally

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

Work: TypeAlias = tuple[Item, Row | None]
"""A file, and what is known of it."""


class Pass:
    """Go through a source once. Cancel to break off: the next run goes on there."""

    def __init__(
        self,
        *,
        source: Source,
        state: State,
        look: Look,
        tally: Tally,
        on_settled: Callable[[Settled], None],
        at_once: int = MOST_AT_ONCE,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._source = source
        self._state = state
        self._look = look
        self._tally = tally
        self._on_settled = on_settled
        self._at_once = at_once
        self._first_pause_s = first_pause_s
        self._on_way: set[bytes] = set()

    async def go(self, run: Run, *, of_earlier_runs: bool = False, purges: bool = False) -> None:
        """Settle every file of the listing, then once more what failed: also what earlier runs left, if that is wanted.

        Raises SourceError, RefusedError and StrangerError, in an exception group.
        """
        await self._settle_all(run, self._listed(run))
        await self._state.forget_missed(run)
        await self._settle_all(run, self._left(run, of_earlier_runs=of_earlier_runs, purges=purges))
        await self._state.end(run)

    async def count(self, run: Run) -> None:
        """Count the files of the listing, ahead of the pass; a listing that breaks off counts nothing."""
        total = 0
        try:
            async for batch in self._source.listing(run.since_s, await self._state.missed()):
                total += len(batch)
            self._tally.total = total
        except SourceAwayError as error:
            logger.info("files are not counted: %s", error)

    async def _settle_all(self, run: Run, works: AsyncGenerator[Work, None]) -> None:
        queue: asyncio.Queue[Work | None] = asyncio.Queue(2 * BATCH)

        async def work() -> None:
            while (one := await queue.get()) is not None:
                await self._settle(*one, run)

        async with aclosing(works), asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(work())
            async for one in works:
                await queue.put(one)
            for _ in range(self._at_once):
                await queue.put(None)

    async def _listed(self, run: Run) -> AsyncGenerator[Work, None]:
        """Yield what this run did not settle yet. A listing that breaks off begins anew."""
        pause_s = self._first_pause_s
        missed = await self._state.missed()
        while True:
            try:
                async for batch in self._source.listing(run.since_s, missed):
                    self._tally.message = ""
                    pause_s = self._first_pause_s
                    known = await self._state.known(batch)
                    for item in batch:
                        row = known.get(item.place)
                        if item.place not in self._on_way and (row is None or row.run != run.id):
                            self._on_way.add(item.place)
                            yield item, row
            except SourceAwayError as error:
                self._tally.message = str(error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                return

    async def _left(self, run: Run, *, of_earlier_runs: bool, purges: bool) -> AsyncGenerator[Work, None]:
        last = b""
        while rows := await self._state.unfinished(run, after=last, of_earlier_runs=of_earlier_runs, purges=purges):
            for row in rows:
                if row.run != run.id and self._tally.total is not None:
                    self._tally.total += 1
                yield row.item, row
            last = rows[-1].place

    async def _settle(self, item: Item, known: Row | None, run: Run) -> None:
        settled = await self._look.settle(item, known, run.id)
        # Before the place is let go: it is always on its way, or known.
        await self._state.note(settled.row)
        self._on_way.discard(item.place)
        remembered = settled.told is not None and settled.told.remembered
        again = known if known is not None and known.run == run.id else None
        self._tally.note(settled.row, remembered=remembered, instead_of=again)
        self._on_settled(settled)
