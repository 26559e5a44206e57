"""Keep limited processes warm, and have uploads cut in them; see `limited`, which has a pool of them for each lane."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from coordinator.media.child import Child
from coordinator.media.errors import CutTimedOut, NoPlace, Reason
from coordinator.media.exchange import Exchange
from coordinator.media.limits import Limits
from coordinator.media.looks import Cut, Views
from coordinator.media.pipe import Request
from coordinator.media.sniff import Format

_log = logging.getLogger(__name__)

_START_S = 30.0
"""How long a process may take to load its codecs: a fraction of a second, but not on every machine at every moment."""
_RETRY_S = (0.1, 0.5, 2.0, 5.0)
_COSTLY_SIGNALS = {
    -signal.SIGPROF: Reason.PROCESSOR,
    -signal.SIGXCPU: Reason.PROCESSOR,
    -signal.SIGKILL: Reason.MEMORY,  # the kernel's, when memory runs out: ours comes only after the process is lost
}


class _NeverBeganError(Exception):
    """The process had ended before it read a byte of the upload: another one takes it."""


class Pool:
    """Cut uploads in `count` limited processes, warm between `open` and `close`.

    `command` starts the program of a limited process. In the background they get the processor time that nobody else
    wants, and an upload has until its deadline instead of `wall_s`: how long it takes there says nothing about it. With
    `likeness` they can be asked for likenesses; `learn_likeness` changes that later.
    """

    def __init__(
        self, *, limits: Limits, count: int, command: Sequence[str], is_background: bool, likeness: bool
    ) -> None:
        self.count = count
        self._limits = limits
        self._command = command
        self._is_background = is_background
        self._likeness = likeness
        self._children: set[Child] = set()
        self._idle: deque[Child] = deque()
        self._busy: set[Child] = set()
        self._starting: set[Child] = set()
        self._aging: set[Child] = set()  # have served their number; the next one is being started
        self._retired: set[Child] = set()  # the next one is there; to be ended when their upload is done
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiters: deque[asyncio.Future[Child]] = deque()
        self.replaced = 0
        self._closed = True

    async def open(self) -> None:
        """Start the processes and wait until they are warm. Raises NoPlace when one does not start."""
        self._closed = False
        try:
            started = await asyncio.gather(*(self._start() for _ in range(self.count)))
        except asyncio.CancelledError:
            await self.close()
            raise
        if not all(started):
            await self.close()
            raise NoPlace(Reason.WILL_NOT_START)

    @property
    def children(self) -> tuple[Child, ...]:
        """The processes that are there, free ones first."""
        return (*self._idle, *self._busy)

    @property
    def busy(self) -> int:
        """Processes that have an upload."""
        return len(self._busy)

    @property
    def starting(self) -> int:
        """Processes that are not warm yet."""
        return len(self._starting)

    @property
    def waiting(self) -> int:
        """Uploads that wait for a process."""
        return len(self._waiters)

    async def learn_likeness(self) -> None:
        """Replace all processes by such as can be asked for likenesses; return when these are warm.

        Uploads are cut meanwhile as before.
        """
        self._likeness = True
        old = {child for child in (*self._idle, *self._busy) if not child.likeness} - self._aging - self._retired
        self._aging |= old
        starting = [self._own(self._succeed()) for _ in old]
        if starting:
            await asyncio.wait(starting)

    async def cut(
        self,
        body: Sequence[bytes],
        kind: Format,
        *,
        size: int,
        views: Views,
        deadline_s: float,
        likeness: bool = False,
    ) -> Cut:
        """Return the frames of an upload of this format: see `Cutters.cut`."""
        while True:
            child = await self._take(deadline_s)
            try:
                request = Request(kind, views, size, sum(map(len, body)), 0.0, likeness and child.likeness)
                return await self._ask(child, body, request, deadline_s)
            except _NeverBeganError:
                continue
            finally:
                self._give_back(child)

    async def _ask(self, child: Child, body: Sequence[bytes], request: Request, deadline_s: float) -> Cut:
        began = asyncio.get_running_loop().time()
        end = deadline_s if self._is_background else min(deadline_s, began + self._limits.wall_s)
        cpu_before_s = child.cpu_s
        exchange = child.ask(replace(request, budget_s=max(0.0, end - began)), body)
        reason = None
        try:
            async with asyncio.timeout_at(end):
                await child.ended
        except TimeoutError:
            reason = Reason.DEADLINE if end == deadline_s else Reason.WALL_TIME
            if child.cpu_s - cpu_before_s >= self._limits.cpu_s / 2:
                reason = Reason.PROCESSOR
        if exchange.done is not None:
            return exchange.result()
        child.kill()
        if reason is None:
            if child.never_began and not (exchange.nonsense or self._closed):
                raise _NeverBeganError
            reason = await self._why_ended(child, exchange)
        return exchange.broken_off(reason, after_s=asyncio.get_running_loop().time() - began)

    async def _why_ended(self, child: Child, exchange: Exchange) -> Reason:
        if self._closed:
            return Reason.CLOSED
        if exchange.nonsense:
            return Reason.NONSENSE
        return _COSTLY_SIGNALS.get(await child.reaped(), Reason.CRASHED)

    async def _take(self, deadline_s: float) -> Child:
        """Wait for a free process, first come first served, and take it."""
        if self._closed:
            raise NoPlace(Reason.CLOSED)
        if asyncio.get_running_loop().time() >= deadline_s:
            raise CutTimedOut(Reason.DEADLINE)
        waiter: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._hand_out()
        if waiter.done():
            return waiter.result()
        try:
            async with asyncio.timeout_at(deadline_s):
                return await asyncio.shield(waiter)
        except (TimeoutError, asyncio.CancelledError) as error:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif waiter.exception() is None:
                # Handed over in the very turn of the loop in which the waiting ended.
                self._give_back(waiter.result())
            if isinstance(error, TimeoutError):
                raise CutTimedOut(Reason.NO_FREE_PROCESS) from None
            raise

    def _hand_out(self) -> None:
        """Give free processes to those who wait."""
        while self._waiters and self._idle:
            child = self._idle.popleft()
            self._busy.add(child)
            self._waiters.popleft().set_result(child)

    def _give_back(self, child: Child) -> None:
        """Take a process back from an upload: to be used again, or to be replaced."""
        self._busy.discard(child)
        if self._closed:
            return
        if child in self._retired or not child.settle():
            self._replace(child)
        else:
            self._idle.append(child)
            if child.uploads >= self._limits.uploads and child not in self._aging:
                self._aging.add(child)
                self._own(self._succeed())
            self._hand_out()

    def _replace(self, child: Child) -> None:
        """End a process, and start the next one unless that is under way."""
        self._own(self._end(child))
        if child in self._retired or child in self._aging:
            self._retired.discard(child)
            self._aging.discard(child)
        else:
            self._own(self._succeed())

    def _on_lost(self, child: Child) -> None:
        """Replace a process that ended while nobody used it; one in use is replaced when its upload lets go of it."""
        if child in self._idle:
            self._idle.remove(child)
            self._replace(child)

    async def _succeed(self) -> None:
        """Start the next process, trying until it is warm; then retire the one that it was started for, if any."""
        self.replaced += 1
        attempt = 0
        while not await self._start():
            _log.warning("a limited process does not start; trying again")
            await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            attempt += 1
        if self._aging:
            old = self._aging.pop()
            self._retired.add(old)
            if old in self._idle:
                self._idle.remove(old)
                self._replace(old)

    async def _start(self) -> bool:
        """Start a process, wait until it is warm, and offer it; False if it does not get there."""
        try:
            child = Child(
                self._command,
                self._limits,
                self._on_lost,
                is_background=self._is_background,
                likeness=self._likeness,
            )
        except OSError as error:
            _log.warning("a limited process cannot be started: %s", error.strerror)
            return False
        self._children.add(child)
        self._starting.add(child)
        try:
            async with asyncio.timeout(_START_S):
                await child.ready
        except TimeoutError:
            child.kill()
        except asyncio.CancelledError:
            child.kill()
            raise
        finally:
            self._starting.discard(child)
        if child.lost or self._closed:
            await self._end(child)
            return False
        if child.likeness != self._likeness:
            # That changed meanwhile.
            await self._end(child)
            return await self._start()
        self._idle.append(child)
        self._hand_out()
        return True

    async def _end(self, child: Child) -> None:
        child.kill()
        await child.reaped()
        self._children.discard(child)

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End all processes, and wait until they are gone. Uploads that are being cut, or wait, get NoPlace."""
        self._closed = True
        for waiter in self._waiters:
            waiter.set_exception(NoPlace(Reason.CLOSED))
        self._waiters.clear()
        for task in self._tasks:
            task.cancel()
        children = tuple(self._children)
        for child in children:
            child.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._end(child) for child in children))
        self._idle.clear()
