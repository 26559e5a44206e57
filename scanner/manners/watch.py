"""The shell around the decision: looks at the order, the clock and the GPU, and tells the sessions what follows."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from scanner.manners.decision import Cause, Decision, Rules
from scanner.manners.errors import GaugeError, OrderError
from scanner.manners.gpu import Gauge, others_percent
from scanner.manners.order import Order
from scanner.manners.pauses import Pauses
from scanner.manners.state_dir import StateDir
from shared.limits import MAX_TEXT_CHARACTERS

logger = logging.getLogger(__name__)

LOOK_S = 1.0
"""Between two looks at the order and the clock."""

GAUGE_S = 2.0
"""Between two readings of the GPU: longer than the second over which its driver averages."""


class Worker(Protocol):
    """What the watch asks of the engine, to tell its own use of the GPU from that of others."""

    @property
    def busy(self) -> bool:
        """Say whether the model computes now."""

    @property
    def turns(self) -> int:
        """How often it was set to work."""


def local_now() -> datetime:
    """Return the machine's local time, which knows its time zone."""
    return datetime.now().astimezone()


class Watch:
    """Keep `pauses` true. Run `run` in a task group; `look` is one look."""

    def __init__(
        self,
        rules: Rules,
        *,
        state_dir: StateDir | None,
        gauge: Gauge | None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = local_now,
    ) -> None:
        """Take the settings, where orders come from and what reads the GPU (None: nothing does), and two clocks.

        Reads the order that is there: a pause holds across a restart.
        """
        self._state_dir = state_dir
        self._gauge = gauge
        self._clock = clock
        self._wall = wall
        self._order_fault = ""
        self._gauge_fault = ""
        self._gauge_due_s = float("-inf")
        self._turns = 0
        self._order: Order | None = None
        self._order = self._read_order()
        self._decision = Decision(rules, self._order)
        self._causes: tuple[Cause, ...] = ()
        self.pauses = Pauses()
        self._tell()

    def __repr__(self) -> str:
        return f"<Watch {self.pauses!r}>"

    async def run(self, worker: Worker) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look(worker)
            await asyncio.sleep(LOOK_S)

    async def look(self, worker: Worker) -> None:
        """Look once at all there is to know, and tell what has changed."""
        if self._state_dir is not None:
            self._order = await asyncio.to_thread(self._read_order)
            self._decision.note_order(self._order)
        if self._gauge is not None and self._clock() >= self._gauge_due_s:
            await self._look_at_gpu(self._gauge, worker)
        self._tell()

    def close(self) -> None:
        """Let go of the GPU's driver, and of the claim on the folder."""
        if self._gauge is not None:
            self._gauge.close()
        if self._state_dir is not None:
            self._state_dir.release()

    async def _look_at_gpu(self, gauge: Gauge, worker: Worker) -> None:
        self._gauge_due_s = self._clock() + GAUGE_S
        try:
            cards = await asyncio.to_thread(gauge.read)
        except GaugeError as error:
            self._decision.note_gpu_lost()
            if str(error) != self._gauge_fault:
                logger.warning("%s: this scanner works whoever else uses it", error)
            self._gauge_fault = str(error)
            return
        self._gauge_fault = ""
        computed = worker.busy or worker.turns != self._turns
        self._turns = worker.turns
        self._decision.note_gpu(others_percent(cards, os.getpid(), computed=computed), self._clock())

    def _read_order(self) -> Order | None:
        """Read the order; while it cannot be read, what was ordered before holds."""
        if self._state_dir is None:
            return None
        try:
            order = self._state_dir.read()
        except OrderError as error:
            if str(error) != self._order_fault:
                logger.warning("%s", error)
            self._order_fault = str(error)
            return self._order
        self._order_fault = ""
        return order

    def _tell(self) -> None:
        causes = self._decision.causes(self._wall())
        if causes == self._causes:
            return
        reason = "; ".join(cause.text for cause in causes)
        if reason:
            logger.info("no new scans: %s", reason)
        else:
            logger.info("new scans are welcome again")
        self._causes = causes
        self.pauses.change(reason[:MAX_TEXT_CHARACTERS])
