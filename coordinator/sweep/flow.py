"""How much of a sweep is in flight: what the coordinator takes, what the admin allows, and nothing while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST_AT_ONCE = 64
FIRST_AT_ONCE = 4

SLOW_S = 2.0
"""Answers that take longer wait in a queue of the coordinator: more in flight would only wait longer."""

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


class Flow:
    """Let asks through: as many at once as come back soon, one at a time after a fault, at a rate if one is set.

    The number in flight grows by one for each round of good answers, and is halved when one is slow or turned away.
    """

    def __init__(
        self,
        *,
        limit_per_s: float | None = None,
        most_at_once: int = MOST_AT_ONCE,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self.is_paused = False
        self.fault = ""
        """Why nothing is asked now but a trial, in words; empty while all is well."""
        self._most = most_at_once
        self._window = float(min(FIRST_AT_ONCE, most_at_once))
        self._in_flight = 0
        self._first_pause_s = first_pause_s
        self._pause_s = first_pause_s
        self._not_before_s = 0.0
        self._limit_per_s = limit_per_s
        self._next_s = 0.0
        """When the rate lets the next new file through."""
        self._changed = asyncio.Event()
        self._in_line = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Flow {self._in_flight} of {self._window:.1f} in flight{' paused' if self.is_paused else ''}>"

    @property
    def limit_per_s(self) -> float | None:
        """New files a second at most; holds at once for those that wait already."""
        return self._limit_per_s

    @limit_per_s.setter
    def limit_per_s(self, limit_per_s: float | None) -> None:
        if limit_per_s != self._limit_per_s:
            self._limit_per_s = limit_per_s
            self._next_s = 0.0
            self._changed.set()

    @asynccontextmanager
    async def turn(self, *, is_new: bool = True) -> AsyncIterator[None]:
        """Wait for a turn, and have it. What is not new does not count for the rate: it is the same file again."""
        if is_new:
            # Of the new ones only the first wakes up when something changes.
            async with self._in_line:
                await self._take_turn(is_new=True)
                self._space(asyncio.get_running_loop().time())
        else:
            await self._take_turn(is_new=False)
        try:
            yield
        finally:
            self._in_flight -= 1
            self._changed.set()

    def went_well(self, took_s: float) -> None:
        """Note an answer."""
        self._pause_s = self._first_pause_s
        self.fault = ""
        if took_s > SLOW_S:
            self._shrink()
        else:
            self._window = min(self._most, self._window + 1 / self._window)
        self._changed.set()

    def turned_away(self, reason: str) -> None:
        """Note that nobody was there, or had room: what comes next waits, longer each time."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before_s:
            # One of those that were on their way when the first was turned away.
            return
        self.fault = reason
        self._shrink()
        self._not_before_s = loop.time() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def pause(self, *, on: bool) -> None:
        """Let nothing through, or go on."""
        self.is_paused = on
        self._changed.set()

    async def _take_turn(self, *, is_new: bool) -> None:
        loop = asyncio.get_running_loop()
        while True:
            not_before_s = max(self._not_before_s, self._next_s) if is_new else self._not_before_s
            wait_s = not_before_s - loop.time()
            has_room = self._in_flight < (1 if self.fault else int(self._window))
            if not self.is_paused and wait_s <= 0 and has_room:
                break
            self._changed.clear()
            try:
                async with asyncio.timeout(wait_s if wait_s > 0 and not self.is_paused else None):
                    await self._changed.wait()
            except TimeoutError:
                pass
        self._in_flight += 1

    def _space(self, now_s: float) -> None:
        """Have the next new file wait for its time: from when this one's came, so that waking up costs no rate."""
        if self._limit_per_s is not None:
            pause_s = 1 / self._limit_per_s
            self._next_s = pause_s + (self._next_s if now_s < self._next_s + pause_s else now_s)

    def _shrink(self) -> None:
        self._window = max(1.0, self._window / 2)
