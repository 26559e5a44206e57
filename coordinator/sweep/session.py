"""A sweep from its start to its end: passes over a source, once or again and again, and what is told meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from coordinator.sweep.asking import Asking
from coordinator.sweep.budget import Budget
from coordinator.sweep.card import Card
from coordinator.sweep.errors import AwayError
from coordinator.sweep.flow import MOST_AT_ONCE, Flow
from coordinator.sweep.look import Look, Settled
from coordinator.sweep.names import name_of
from coordinator.sweep.removal import Removal
from coordinator.sweep.row import Action, Row
from coordinator.sweep.run import FIRST_PAUSE_S, LONGEST_PAUSE_S, Pass
from coordinator.sweep.sources.source import Source
from coordinator.sweep.state import Run, State
from coordinator.sweep.tally import Tally
from coordinator.sweeps import MAX_ALIASES, Removed

OVERLAP_S = 120.0
"""A pass looks so much further back than the one before it began: clocks differ, and uploads take a while."""

LEFT_EVERY_S = 3600.0
"""The first pass tries again what earlier ones left, and then one so often: what cannot be removed may never be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to go through."""

    everything: bool = False
    """Also what an earlier sweep looked at."""
    since_s: float | None = None
    """Unix time; only what changed since then, in every pass."""
    every_s: float | None = None
    """Go on, with a pass at such intervals."""
    restart: bool = False
    """Begin anew instead of going on where a run was broken off."""
    limit_per_s: float | None = None


class Watcher(Protocol):
    """What is told how a sweep goes: a bar, or lines."""

    def began(self, run: Run, listing: str) -> None:
        """A pass begins; `listing` says what it goes through."""

    def settled(self, settled: Settled) -> None:
        """One file is settled."""

    def moved(self, tally: Tally, flow: Flow) -> None:
        """Some time has passed."""

    def ended(self, run: Run, tally: Tally) -> None:
        """A pass has come to its end."""


@dataclass
class Session:
    """Sweep a source. `name` is that of the sweep on the admin page."""

    name: str
    source: Source
    removal: Removal | None
    purges: bool
    asking: Asking
    state: State
    plan: Plan
    watcher: Watcher
    body_limit_bytes: int
    flow: Flow = field(default_factory=Flow)
    tally: Tally = field(default_factory=Tally)
    _began_s: float = float("-inf")
    """When the last pass began, in Unix time."""
    _left_due_s: float = float("-inf")
    _is_over: bool = False

    async def run(self) -> None:
        """Go through the source as planned.

        Raises StoppedError, SourceError, RefusedError and StrangerError; cancel to break off.
        """
        self.flow.limit_per_s = self.plan.limit_per_s
        if self.plan.restart:
            await self.state.give_up()
        card = Card(
            asking=self.asking,
            name=self.name,
            source=self.source.name,
            flow=self.flow,
            limit_per_s=self.plan.limit_per_s,
            purges=self.purges,
        )
        watching = card.keep(lambda: self.tally, self._moved)
        try:
            await until_first(self._passes(), watching)
        finally:
            await card.end(self.tally)

    async def _passes(self) -> None:
        is_first = True
        while True:
            began_s = asyncio.get_running_loop().time()
            await self._pass(is_first=is_first)
            is_first = False
            if self.plan.every_s is None:
                return
            self.tally.message = "for the next time"
            await asyncio.sleep(max(0.0, began_s + self.plan.every_s - asyncio.get_running_loop().time()))

    async def _pass(self, *, is_first: bool) -> None:
        since_s = await self._since_s(is_first=is_first)
        run = await self.state.begin(since_s=since_s)
        self._began_s = run.began_s
        self.watcher.began(run, listing_of(self.source, run))
        # What looks only for what is new is soon over, and is not counted.
        is_counted = since_s is None or since_s == self.plan.since_s
        self.tally = Tally(is_counted=is_counted)
        self.tally.resume(await self.state.counts(run))
        work = Pass(
            source=self.source,
            state=self.state,
            look=self._look(),
            tally=self.tally,
            on_settled=self.watcher.settled,
            at_once=MOST_AT_ONCE,
        )
        try:
            async with asyncio.TaskGroup() as group:
                counting = group.create_task(work.count(run)) if is_counted else None
                await work.go(run, of_earlier_runs=self._is_time_for_left(), purges=self.purges)
                if counting is not None:
                    counting.cancel()
        except BaseExceptionGroup as group_error:
            raise first_fault(group_error) from None
        # Its sum is the last that is told.
        self._is_over = self.plan.every_s is None
        self.watcher.ended(run, self.tally)

    async def _since_s(self, *, is_first: bool) -> float | None:
        """Return from when on a pass is to look; None: everything."""
        if self.plan.since_s is not None:
            return max(self.plan.since_s, self._began_s - OVERLAP_S)
        covered_s = None if is_first and self.plan.everything else await self.state.covered_s()
        return None if covered_s is None else covered_s - OVERLAP_S

    def _moved(self) -> None:
        if not self._is_over:
            self.watcher.moved(self.tally, self.flow)

    def _is_time_for_left(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._left_due_s:
            return False
        self._left_due_s = now_s + LEFT_EVERY_S
        return True

    async def _tell_removed(self, row: Row) -> None:
        """Have the coordinator write down what came of a removal; wait while it is away."""
        removed = Removed(
            sha256=row.sha256,
            place=name_of(row.place)[:1000],
            is_gone=row.action is Action.REMOVED,
            aliases=tuple(alias[:300] for alias in row.aliases[:MAX_ALIASES]),
            reason=row.reason[:300],
        )
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self.asking.tell_removed(self.name, removed)
            except AwayError as error:
                self.tally.message = str(error)
            else:
                self.tally.message = ""
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _look(self) -> Look:
        return Look(
            source=self.source,
            removal=self.removal,
            purges=self.purges,
            before_removal=self.state.write,
            after_removal=self._tell_removed,
            asking=self.asking,
            flow=self.flow,
            budget=Budget(),
            body_limit_bytes=self.body_limit_bytes,
        )


def listing_of(source: Source, run: Run) -> str:
    """Say what a pass goes through: it may be all of a store, however little is new."""
    if run.since_s is None:
        return "everything"
    since = f"{datetime.fromtimestamp(run.since_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if source.tells_time:
        return f"what came since {since}"
    return f"all names, for what changed since {since}"


async def until_first(work: Coroutine[Any, Any, None], watching: Coroutine[Any, Any, None]) -> None:
    """Do two things until one of them ends, and raise what it raises; the other is cancelled."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(watching)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def first_fault(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first fault of a group, however deep: the others follow from it."""
    first = group.exceptions[0]
    return first_fault(first) if isinstance(first, BaseExceptionGroup) else first
