"""Have some scans looked at a second time, by an idle scanner, and compare. No answer waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from coordinator.dispatch.events import Scored
from coordinator.hub import Hub
from coordinator.judge.scores import Scores
from coordinator.trust.record import Trust
from coordinator.trust.sampling import Sampler, chosen_frames

logger = logging.getLogger(__name__)

LONGEST_S = 10.0
"""For one spot check; whoever has nothing else to do has it done by then."""

MOST_OPEN = 4
"""Spot checks at once: their frames are held in memory until they end, 0.3 MB each."""


class Comparisons:
    """Follow what scanners said. `async with` ends what is open."""

    def __init__(self, *, hub: Hub, trust: Trust, sampler: Sampler) -> None:
        self._hub = hub
        self._trust = trust
        self._sampler = sampler
        self._open: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Comparisons open={len(self._open)}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def consider(
        self, frames: Sequence[bytes], frame_size: int, scored: Scored, *, flagged: bool, decisive: int
    ) -> None:
        """Have another scanner look at some of the frames, if this scan is chosen and another has nothing to do.

        `decisive` is the index of the frame that made the verdict. Does not wait for it.
        """
        if len(self._open) >= MOST_OPEN or not self._sampler.wants(flagged=flagged):
            return
        takers = {taker.scanner: taker.generation for taker in self._hub.spot_check_takers()}
        other = self._trust.partner_of(scored.scanner, takers)
        if other is None:
            return
        assert isinstance(scored.scores, Scores)
        chosen = chosen_frames(len(scored.scores.rows), decisive)
        rows = [scored.scores.rows[index] for index in chosen]
        pixels = [frames[index] for index in chosen]
        # Begun in a task of its own, so that the answer goes first.
        task = asyncio.create_task(self._compare(scored.scanner, rows, takers[other], pixels, frame_size))
        self._open.add(task)
        task.add_done_callback(self._end)

    async def _compare(
        self, scanner: str, rows: Sequence[Sequence[float]], generation: int, frames: Sequence[bytes], frame_size: int
    ) -> None:
        loop = asyncio.get_running_loop()
        second = await self._hub.spot_check(generation, frames, frame_size, loop.time() + LONGEST_S)
        if second is None:
            return
        assert isinstance(second.scores, Scores)
        difference = self._trust.compare(scanner, rows, second.scanner, second.scores.rows)
        if difference.agrees:
            return
        odd = self._trust.odd_one(scanner, second.scanner)
        logger.warning(
            "scanners %s and %s disagree: %s; %s",
            scanner,
            second.scanner,
            difference,
            "nobody knows yet which of them is wrong" if odd is None else f"{odd} is the odd one out",
        )
        if odd is not None:
            reason = f"its scores differ from those of {' and '.join(sorted(self._trust.records[odd].opponents))}"
            pause_s = self._trust.set_aside(odd, reason, loop.time())
            logger.warning("scanner %s is set aside for %.0f s: %s", odd, pause_s, reason)
            self._hub.set_aside(odd, reason)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a comparison failed", exc_info=error)
