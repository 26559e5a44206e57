"""A sweep from its start to its end: passes over a source, once or again and again, and what is told meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from coordinator.sweep.asking import Asking
from coordinator.sweep.budget import Budget
from coordinator.sweep.errors import AwayError, RefusedError
from coordinator.sweep.flow import MOST_AT_ONCE, Flow
from coordinator.sweep.look import Look, Settled
from coordinator.sweep.removal import Removal
from coordinator.sweep.run import Pass
from coordinator.sweep.sources.source import Source
from coordinator.sweep.state import Run, State
from coordinator.sweep.tally import Tally
from coordinator.sweeps import Order, SweepReport, SweepState

REPORT_EVERY_S = 2.0

OVERLAP_S = 120.0
"""A pass looks so much further back than the one before it began: clocks differ, and uploads take a while."""


class StoppedError(Exception):
    """The admin page asked the sweep to stop."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to go through."""

    everything: bool = False
    """Also what an earlier sweep looked at."""
    since_s: float | None = None
    """Unix time; only what changed since then."""
    every_s: float | None = None
    """Go on, with a pass at such intervals."""
    restart: bool = False
    """Begin anew instead of going on where a run was broken off."""
    limit_per_s: float | None = None


class Watcher(Protocol):
    """What is told how a sweep goes: a bar, or lines."""

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
    asking: Asking
    state: State
    plan: Plan
    watcher: Watcher
    body_limit_bytes: int
    clock: Callable[[], float] = time.time
    flow: Flow = field(default_factory=Flow)
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.flow.limit_per_s = self.plan.limit_per_s
        self._waits = ""

    async def run(self) -> None:
        """Go through the source as planned.

        Raises StoppedError, SourceError, RefusedError and StrangerError; cancel to break off.
        """
        if self.plan.restart:
            await self.state.give_up()
        passes = asyncio.create_task(self._passes())
        watching = asyncio.create_task(self._watch())
        try:
            await asyncio.wait({passes, watching}, return_when=asyncio.FIRST_COMPLETED)
            # What ended first says why; watching never ends by itself but to stop.
            await (passes if passes.done() else watching)
        finally:
            for task in (passes, watching):
                task.cancel()
            await asyncio.wait({passes, watching})
            with contextlib.suppress(AwayError, RefusedError):
                await self.asking.report(self.name, self._report(SweepState.ENDED))

    async def _passes(self) -> None:
        is_first = True
        while True:
            began_s = asyncio.get_running_loop().time()
            await self._pass(everything=self.plan.everything and is_first, is_first=is_first)
            is_first = False
            if self.plan.every_s is None:
                return
            self._waits = "for the next time"
            await asyncio.sleep(max(0.0, began_s + self.plan.every_s - asyncio.get_running_loop().time()))
            self._waits = ""

    async def _pass(self, *, everything: bool, is_first: bool) -> None:
        last = await self.state.last_complete()
        since_s = self.plan.since_s if is_first else None
        if since_s is None and last is not None and not everything:
            since_s = last.began_s - OVERLAP_S
        run = await self.state.begin(since_s=since_s)
        self.tally = Tally()
        self.tally.resume(await self.state.counts(run))
        until_known = last is not None and not everything
        work = Pass(
            source=self.source,
            state=self.state,
            look=Look(
                source=self.source,
                removal=self.removal,
                asking=self.asking,
                state=self.state,
                flow=self.flow,
                budget=Budget(),
                body_limit_bytes=self.body_limit_bytes,
            ),
            tally=self.tally,
            on_settled=self.watcher.settled,
            at_once=MOST_AT_ONCE,
        )
        try:
            async with asyncio.TaskGroup() as group:
                counting = group.create_task(work.count(run, until_known=until_known))
                await work.go(run, until_known=until_known)
                counting.cancel()
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from None
        self.watcher.ended(run, self.tally)

    async def _watch(self) -> None:
        while True:
            self.tally.sample(asyncio.get_running_loop().time())
            self.watcher.moved(self.tally, self.flow)
            state = SweepState.PAUSED if self.flow.is_paused else SweepState.RUNNING
            if state is SweepState.RUNNING and self._message:
                state = SweepState.WAITING
            try:
                order = await self.asking.report(self.name, self._report(state))
            except (AwayError, RefusedError):
                # The passes meet the same fault, and deal with it.
                pass
            else:
                if order.order is Order.STOP:
                    raise StoppedError
                self.flow.pause(on=order.order is Order.PAUSE)
                self.flow.limit_per_s = order.limit_per_s or self.plan.limit_per_s
            await asyncio.sleep(REPORT_EVERY_S)

    @property
    def _message(self) -> str:
        return self.flow.fault or self.tally.message or self._waits

    def _report(self, state: SweepState) -> SweepReport:
        tally = self.tally
        return SweepReport(
            source=self.source.name[:300],
            state=state,
            message=self._message[:300] if state is not SweepState.ENDED else "",
            done=tally.done,
            total=tally.total,
            rate_per_s=tally.rate_per_s,
            left_s=tally.left_s,
            found=tally.found,
            unreadable=tally.unreadable,
            failed=tally.failed,
            purges=self.removal is not None,
        )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first fault of a group, however deep: the others follow from it."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
