"""Have some scans looked at a second time, by an idle scanner, and compare. No answer waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from coordinator.dispatch.events import Scored
from coordinator.hub import Hub
from coordinator.judge.scores import Scores
from coordinator.trust.record import Trust
from coordinator.trust.sampling import Sampler, chosen_frames
from coordinator.trust.tolerance import Rows

logger = logging.getLogger(__name__)

LONGEST_S = 10.0
"""For one spot check; whoever has nothing else to do has it done by then."""

MOST_OPEN = 4
"""Spot checks at once: their frames are held in memory until they end, 0.3 MB each."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a scanner said of some frames."""

    scanner: str
    rows: Rows = field(repr=False)


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
        assert isinstance(scored.scores, Scores)
        if self._taker_beside(scored.scanner) is None:
            return
        chosen = chosen_frames(len(scored.scores.rows), decisive)
        first = Opinion(scored.scanner, [scored.scores.rows[index] for index in chosen])
        # In a task of its own: the answer goes first.
        task = asyncio.create_task(self._compare(first, [frames[index] for index in chosen], frame_size))
        self._open.add(task)
        task.add_done_callback(self._end)

    async def _compare(self, first: Opinion, frames: Sequence[bytes], frame_size: int) -> None:
        second = await self._ask_beside([first], frames, frame_size)
        if second is None or self._agree(first, second):
            return
        # Of two, nobody knows which is wrong: whoever is idle beside them may tell.
        third = await self._ask_beside([first, second], frames, frame_size)
        if third is not None:
            self._agree(first, third)
            self._agree(second, third)
        self._set_aside_odd_one(first.scanner, second.scanner)

    async def _ask_beside(
        self, opinions: Sequence[Opinion], frames: Sequence[bytes], frame_size: int
    ) -> Opinion | None:
        """Ask a scanner that has not said anything yet; None when none is idle, or stays so."""
        generation = self._taker_beside(*(opinion.scanner for opinion in opinions))
        if generation is None:
            return None
        deadline_s = asyncio.get_running_loop().time() + LONGEST_S
        scored = await self._hub.spot_check(generation, frames, frame_size, deadline_s)
        if scored is None:
            return None
        assert isinstance(scored.scores, Scores)
        return Opinion(scored.scanner, scored.scores.rows)

    def _taker_beside(self, *scanners: str) -> int | None:
        """Return the generation of an idle scanner to compare with the first of these, other than all of them."""
        takers = {taker.scanner: taker.generation for taker in self._hub.spot_check_takers()}
        other = self._trust.partner_of(scanners[0], [name for name in takers if name not in scanners])
        return None if other is None else takers[other]

    def _agree(self, one: Opinion, other: Opinion) -> bool:
        difference = self._trust.compare(one.scanner, one.rows, other.scanner, other.rows)
        if not difference.agrees:
            logger.warning("scanners %s and %s disagree: %s", one.scanner, other.scanner, difference)
        return difference.agrees

    def _set_aside_odd_one(self, *scanners: str) -> None:
        odd = self._trust.odd_one(*scanners)
        if odd is None:
            logger.warning("nobody knows yet which of %s is wrong; both go on", " and ".join(scanners))
            return
        reason = f"its scores differ from those of {' and '.join(sorted(self._trust.records[odd].opponents))}"
        pause_s = self._trust.set_aside(odd, reason, asyncio.get_running_loop().time())
        logger.warning("scanner %s is set aside for %.0f s: %s", odd, pause_s, reason)
        self._hub.set_aside(odd, reason)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a comparison failed", exc_info=error)
