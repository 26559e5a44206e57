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
from coordinator.media.stillness import Stillness

_log = logging.getLogger(__name__)

_START_S = 30.0
"""How long a process may take to load its codecs: a fraction of a second, but not on every machine at every moment."""
_CALM_S = 0.005
"""Without a live upload before sweeps go on: in the gaps between uploads that follow each other they would do little,
and the next upload would find them on the processors."""
_RETRY_S = (0.1, 0.5, 2.0, 5.0)
_COSTLY_SIGNALS = {
    -signal.SIGPROF: Reason.PROCESSOR,
    -signal.SIGXCPU: Reason.PROCESSOR,
    -signal.SIGKILL: Reason.MEMORY,  # the kernel's, when memory runs out: ours comes only after the process is lost
}


class _NeverBeganError(Exception):
    """The process had ended before it read a byte of the upload: another one takes it."""


class _Job:
    """One upload on its way to a limited process and back."""

    def __init__(self, body: Sequence[bytes], request: Request, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._body = body
        self._request = request

    def begin(self, child: Child, now_s: float, end_s: float) -> None:
        """Pass the upload to a process, which has until `end_s`."""
        self.child = child
        self.began_s = now_s
        self.end_s = end_s
        self.cpu_before_s = child.cpu_s
        likeness = self._request.likeness and child.likeness
        request = replace(self._request, budget_s=max(0.0, end_s - now_s), likeness=likeness)
        self.exchange = child.ask(request, self._body)
        self.ended = child.ended
        self.begun.set_result(None)


class Pool:
    """Cut uploads in `count` limited processes, warm between `open` and `close`.

    `command` starts the program of a limited process. With patience an upload has until its deadline instead of
    `wall_s`: how long it takes while processes stand still says nothing about it. With `likeness` they can be asked for
    likenesses; `learn_likeness` changes that later.
    """

    def __init__(
        self, *, limits: Limits, count: int, command: Sequence[str], has_patience: bool, likeness: bool
    ) -> None:
        self.count = count
        self._limits = limits
        self._command = command
        self._has_patience = has_patience
        self._likeness = likeness
        self._children: set[Child] = set()
        self._idle: deque[Child] = deque()
        self._busy: dict[Child, _Job] = {}
        self._starting: set[Child] = set()
        self._aging: set[Child] = set()  # have served their number; the next one is being started
        self._retired: set[Child] = set()  # the next one is there; to be ended when their upload is done
        self._tasks: set[asyncio.Task[None]] = set()
        self._stillness = Stillness()
        self._goes_on: asyncio.TimerHandle | None = None
        self._waiting: deque[_Job] = deque()
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
        return len(self._waiting)

    def stand_still(self) -> None:
        """Stop the processes until `go_on`, or as long as `Stillness` permits: others need the processor now."""
        if not self._children:
            return
        now_s = asyncio.get_running_loop().time()
        if not self._stillness.is_on:
            if not self._stillness.begin(now_s):
                return
            # Not those that start: where live uploads never pause, they would never be warm.
            for child in self._children - self._starting:
                child.stop()
        self._go_on_after(self._stillness.left_s(now_s))

    def go_on_soon(self) -> None:
        """Have the processes run again, if the others do not need the processor once more in a moment."""
        if self._stillness.is_on:
            self._go_on_after(min(_CALM_S, self._stillness.left_s(asyncio.get_running_loop().time())))

    def _go_on_after(self, seconds: float) -> None:
        if self._goes_on is not None:
            self._goes_on.cancel()
        self._goes_on = asyncio.get_running_loop().call_later(seconds, self.go_on)

    def go_on(self) -> None:
        """Have the processes run again."""
        if not self._stillness.is_on:
            return
        assert self._goes_on is not None
        self._goes_on.cancel()
        self._stillness.end(asyncio.get_running_loop().time())
        for child in self._children:
            child.go_on()
        self._hand_out()

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
        request = Request(kind, views, size, sum(map(len, body)), 0.0, likeness)
        while True:
            job = _Job(body, request, deadline_s)
            await self._begin(job)
            try:
                return await self._end_of(job)
            except _NeverBeganError:
                continue
            finally:
                self._give_back(job)

    async def _end_of(self, job: _Job) -> Cut:
        child, exchange, reason = job.child, job.exchange, None
        try:
            async with asyncio.timeout_at(job.end_s):
                await job.ended
        except TimeoutError:
            reason = Reason.DEADLINE if job.end_s == job.deadline_s else Reason.WALL_TIME
            if exchange.done is None and child.cpu_s - job.cpu_before_s >= self._limits.cpu_s / 2:
                reason = Reason.PROCESSOR
        if exchange.done is not None:
            return exchange.result()
        child.kill()
        if reason is None:
            if child.never_began and not (exchange.nonsense or self._closed):
                raise _NeverBeganError
            reason = await self._why_ended(child, exchange)
        return exchange.broken_off(reason, after_s=asyncio.get_running_loop().time() - job.began_s)

    async def _why_ended(self, child: Child, exchange: Exchange) -> Reason:
        if self._closed:
            return Reason.CLOSED
        if exchange.nonsense:
            return Reason.NONSENSE
        return _COSTLY_SIGNALS.get(await child.reaped(), Reason.CRASHED)

    async def _begin(self, job: _Job) -> None:
        """Return when a process has the upload: those that came first get theirs first."""
        if self._closed:
            raise NoPlace(Reason.CLOSED)
        if asyncio.get_running_loop().time() >= job.deadline_s:
            raise CutTimedOut(Reason.DEADLINE)
        self._waiting.append(job)
        self._hand_out()
        if job.begun.done():
            return
        try:
            async with asyncio.timeout_at(job.deadline_s):
                await asyncio.shield(job.begun)
        except (TimeoutError, asyncio.CancelledError) as error:
            if job in self._waiting:
                self._waiting.remove(job)
            elif job.begun.exception() is None:
                # It got one in the very turn of the loop in which the waiting ended.
                self._give_back(job)
            if isinstance(error, TimeoutError):
                raise CutTimedOut(Reason.NO_FREE_PROCESS) from None
            raise

    def _hand_out(self) -> None:
        """Give uploads that wait to free processes."""
        while self._waiting and self._idle and not self._stillness.is_on:
            child = self._idle.popleft()
            self._busy[child] = job = self._waiting.popleft()
            now_s = asyncio.get_running_loop().time()
            longest_s = float("inf") if self._has_patience else self._limits.wall_s
            job.begin(child, now_s, min(job.deadline_s, now_s + longest_s))

    def _on_done(self, child: Child) -> None:
        """Give a process that has answered its next upload at once, not some turns of the event loop later."""
        self._give_back(self._busy[child])

    def _give_back(self, job: _Job) -> None:
        """Take a process back from an upload, unless that is done: to be used again, or to be replaced."""
        child = job.child
        if self._busy.get(child) is not job:
            return
        del self._busy[child]
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
                on_done=self._on_done,
                on_lost=self._on_lost,
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
        self.go_on()
        for job in self._waiting:
            job.begun.set_exception(NoPlace(Reason.CLOSED))
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()
        children = tuple(self._children)
        for child in children:
            child.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._end(child) for child in children))
        self._idle.clear()
