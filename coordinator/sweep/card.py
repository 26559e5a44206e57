"""What the admin page shows of a sweep, and what it wants of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from coordinator.sweep.asking import Asking
from coordinator.sweep.errors import AwayError, RefusedError
from coordinator.sweep.flow import Flow
from coordinator.sweep.tally import Tally
from coordinator.sweeps import Calibrated, Order, SweepOrder, SweepReport, SweepState

REPORT_EVERY_S = 2.0


class StoppedError(Exception):
    """The admin page asked the sweep to stop."""


class Card:
    """Report how a sweep goes, and obey: pause, go on, slow down, stop."""

    def __init__(
        self, *, asking: Asking, name: str, source: str, flow: Flow, limit_per_s: float | None, purges: bool = False
    ) -> None:
        """Take the sweep's name there, and the rate that it was started with."""
        self._asking = asking
        self._name = name
        self._source = source
        self._flow = flow
        self._limit_per_s = limit_per_s
        self._purges = purges
        self._wanted = SweepOrder()

    async def keep(self, tally: Callable[[], Tally], moved: Callable[[], None]) -> None:
        """Report for ever, and call `moved` each time. Raises StoppedError."""
        while True:
            tally().sample(asyncio.get_running_loop().time())
            moved()
            with contextlib.suppress(AwayError, RefusedError):
                # The sweep meets the same faults, and deals with them.
                await self._exchange(tally())
            await asyncio.sleep(REPORT_EVERY_S)

    async def end(self, tally: Tally, calibration: Calibrated | None = None) -> None:
        """Report that it is over."""
        with contextlib.suppress(AwayError, RefusedError):
            await self._asking.report(self._name, self._report(tally, SweepState.ENDED, calibration))

    async def _exchange(self, tally: Tally) -> None:
        waits = self._flow.fault or tally.message
        state = SweepState.PAUSED if self._flow.is_paused else SweepState.WAITING if waits else SweepState.RUNNING
        order = await self._asking.report(self._name, self._report(tally, state))
        if order.order is Order.STOP:
            raise StoppedError
        self._wanted = order
        self._flow.pause(on=order.order is Order.PAUSE)
        self._flow.limit_per_s = order.limit_per_s or self._limit_per_s

    def _report(self, tally: Tally, state: SweepState, calibration: Calibrated | None = None) -> SweepReport:
        return SweepReport(
            source=self._source[:300],
            state=state,
            message="" if state is SweepState.ENDED else (self._flow.fault or tally.message)[:300],
            done=tally.done,
            total=tally.total,
            rate_per_s=tally.rate_per_s,
            left_s=tally.left_s,
            found=tally.found,
            unreadable=tally.unreadable,
            failed=tally.failed,
            purges=self._purges,
            wanted=SweepOrder() if state is SweepState.ENDED else self._wanted,
            calibration=calibration,
        )
