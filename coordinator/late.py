"""Who wants to know of a result that comes after its scan has timed out: a small register whose entries expire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from coordinator.dispatch.deadlines import LATE_RESULT_S
from coordinator.dispatch.events import Scored

Taker: TypeAlias = Callable[[Scored], None]


class LateResults:
    """Keep takers by scan for as long as the machine lets scanners go on with scans that timed out."""

    def __init__(self, *, keep_s: float = LATE_RESULT_S) -> None:
        self._keep_s = keep_s
        self._loop = asyncio.get_running_loop()
        self._takers: dict[str, tuple[Taker, asyncio.TimerHandle]] = {}

    def __len__(self) -> int:
        return len(self._takers)

    def expect(self, scan: str, taker: Taker) -> None:
        """Have `taker` called with the scores of a scan, should they still come."""
        self._takers[scan] = taker, self._loop.call_later(self._keep_s, self._takers.pop, scan, None)

    def take(self, scan: str, scored: Scored) -> None:
        """Pass on scores that came; those that nobody expects change nothing. The first ones count."""
        taker, timer = self._takers.pop(scan, (None, None))
        if timer is not None:
            timer.cancel()
        if taker is not None:
            taker(scored)

    def close(self) -> None:
        """Expect nothing any more."""
        for _, timer in self._takers.values():
            timer.cancel()
        self._takers.clear()
