"""A calibration from its start to its end: a library through the scanners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from coordinator.sweep.asking import Asking
from coordinator.sweep.budget import Budget
from coordinator.sweep.calibration import Calibration
from coordinator.sweep.card import Card
from coordinator.sweep.flow import MOST_AT_ONCE, Flow
from coordinator.sweep.item import Item
from coordinator.sweep.look import Look, Settled
from coordinator.sweep.row import Row
from coordinator.sweep.sample import Sample
from coordinator.sweep.session import first_fault, until_first
from coordinator.sweep.sources.source import Source
from coordinator.sweep.tally import Tally
from coordinator.sweeps import Calibrated

NAME = "calibration"
"""On the admin page."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A picture that the policy flags."""

    sha256: str
    place: bytes
    parts: tuple[str, ...] = ()


@dataclass
class Calibrating:
    """Score the pictures of a source, all or a sample; nothing is removed, and nothing noted but scores."""

    source: Source
    asking: Asking
    body_limit_bytes: int
    calibration: Calibration
    sample: int | None = None
    limit_per_s: float | None = None
    flow: Flow = field(default_factory=Flow)
    tally: Tally = field(default_factory=Tally)
    flagged: list[Flagged] = field(default_factory=list)

    async def run(self, moved: Callable[[Tally, Flow], None]) -> None:
        """Look at the pictures. Raises StoppedError, SourceError, SourceAwayError, RefusedError and StrangerError."""
        self.flow.limit_per_s = self.limit_per_s
        card = Card(
            asking=self.asking, name=NAME, source=self.source.name, flow=self.flow, limit_per_s=self.limit_per_s
        )
        try:
            await until_first(self._look_at_all(), card.keep(lambda: self.tally, lambda: moved(self.tally, self.flow)))
        except BaseException:
            await card.end(self.tally)
            raise
        # Answers come in any order.
        self.flagged.sort(key=lambda found: found.place)
        await card.end(self.tally, self._told())

    async def _look_at_all(self) -> None:
        look = Look(
            source=self.source,
            removal=None,
            before_removal=_nothing_is_removed,
            after_removal=_nothing_is_removed,
            asking=self.asking,
            flow=self.flow,
            budget=Budget(),
            body_limit_bytes=self.body_limit_bytes,
        )
        queue: asyncio.Queue[Item | None] = asyncio.Queue(MOST_AT_ONCE)

        async def work() -> None:
            while (item := await queue.get()) is not None:
                self._note(await look.settle(item, None, run=0))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(MOST_AT_ONCE):
                    group.create_task(work())
                listed = 0
                async for batch in self._listing():
                    listed += len(batch)
                    self.tally.total = listed if self.sample is not None else None
                    for item in batch:
                        await queue.put(item)
                self.tally.total = listed
                for _ in range(MOST_AT_ONCE):
                    await queue.put(None)
        except BaseExceptionGroup as group_error:
            raise first_fault(group_error) from None

    async def _listing(self) -> AsyncIterator[Sequence[Item]]:
        if self.sample is None:
            async for batch in self.source.listing():
                yield batch
            return
        chosen = Sample(self.sample)
        async for batch in self.source.listing():
            chosen.add(batch)
        yield chosen.chosen()

    def _note(self, settled: Settled) -> None:
        told = settled.told
        self.tally.note(settled.row, remembered=told is not None and told.remembered)
        # Of a part of a picture it is not known how far all of it is from being flagged.
        if told is not None and told.margins is not None and not told.partial:
            self.calibration.add(told.margins)
            if told.margins.flagged:
                self.flagged.append(Flagged(told.sha256, settled.row.place, told.parts))

    def _told(self) -> Calibrated | None:
        share = self.calibration.share
        if not share.total:
            return None
        low, high = share.interval
        return Calibrated(
            pictures=share.total, flagged=share.count, low=low, high=high, policy=self.calibration.policy.name[:100]
        )


async def _nothing_is_removed(row: Row) -> None:
    raise AssertionError("a calibration removes nothing")
