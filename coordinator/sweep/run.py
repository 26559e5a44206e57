"""One pass over a source: list, settle many at once, try again what failed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from coordinator.sweep.errors import SourceAwayError
from coordinator.sweep.flow import MOST_AT_ONCE
from coordinator.sweep.item import Item
from coordinator.sweep.look import Look, Settled
from coordinator.sweep.row import FAILED, Row
from coordinator.sweep.sources.source import BATCH, Source
from coordinator.sweep.state import Run, State
from coordinator.sweep.tally import Tally

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

Queue = asyncio.Queue["tuple[Item, Row | None] | None"]


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

    async def go(self, run: Run, *, until_known: bool) -> None:
        """Settle every file of the listing, up to what is known where the listing is newest first.

        Raises SourceError, RefusedError and StrangerError, in an exception group.
        """
        queue: Queue = asyncio.Queue(2 * BATCH)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._work(queue, run))
            await self._list(queue, run, until_known=until_known)
            await self._end(queue)
        for row in await self._state.unfinished(run):
            await self._settle(row.item, row, run, instead_of=row)
        await self._state.end(run)

    async def count(self, run: Run) -> None:
        """Count the files of the listing, ahead of the pass; a listing that breaks off counts nothing.

        What looks only for what is new is soon over, and is not counted.
        """
        if run.since_s is not None:
            return
        total = 0
        try:
            async for batch in self._source.listing(run.since_s):
                total += len(batch)
            self._tally.total = total
        except SourceAwayError as error:
            logger.info("files are not counted: %s", error)

    async def _list(self, queue: Queue, run: Run, *, until_known: bool) -> None:
        pause_s = self._first_pause_s
        may_end_early = until_known and self._source.is_newest_first and not run.is_resumed
        while True:
            try:
                async for batch in self._source.listing(run.since_s):
                    self._tally.message = ""
                    pause_s = self._first_pause_s
                    is_new = await self._enqueue(queue, batch, run)
                    if may_end_early and not is_new:
                        return
            except SourceAwayError as error:
                self._tally.message = str(error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                return

    async def _enqueue(self, queue: Queue, batch: Sequence[Item], run: Run) -> bool:
        """Have files settled that this run did not settle yet; say whether there was one that is new or changed."""
        known = await self._state.known(batch)
        is_new = False
        for item in batch:
            row = known.get(item.place)
            if item.place in self._on_way or (row is not None and row.run == run.id):
                continue
            is_new = is_new or row is None or row.tag != item.tag or row.outcome == FAILED
            self._on_way.add(item.place)
            await queue.put((item, row))
        return is_new

    async def _end(self, queue: Queue) -> None:
        for _ in range(self._at_once):
            await queue.put(None)

    async def _work(self, queue: Queue, run: Run) -> None:
        while (work := await queue.get()) is not None:
            item, known = work
            await self._settle(item, known, run)

    async def _settle(self, item: Item, known: Row | None, run: Run, *, instead_of: Row | None = None) -> None:
        settled = await self._look.settle(item, known, run.id)
        # Before the place is let go: it is always on its way, or known.
        await self._state.note(settled.row)
        self._on_way.discard(item.place)
        remembered = settled.told is not None and settled.told.remembered
        self._tally.note(settled.row, remembered=remembered, instead_of=instead_of)
        self._on_settled(settled)
