"""Load on the scanner's engine in this process: scans one after another, or so many that it never waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scanner.engine import Engine
from scanner.errors import ModelFaultError, SelfTestError
from scanner.jobs import Job, JobEvent, JobFailed, JobFinished
from scanner.models import Frames
from shared.messages import Lane

HEARTBEAT_S = 0.005


class Heartbeat:
    """How late the event loop was at worst, in the moments in which it was watched."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch while the body runs."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()

    async def _beat(self) -> None:
        while True:
            due_s = time.perf_counter() + HEARTBEAT_S
            await asyncio.sleep(HEARTBEAT_S)
            self.worst_s = max(self.worst_s, time.perf_counter() - due_s)


@asynccontextmanager
async def running(engine: Engine, terms: tuple[str, ...]) -> AsyncIterator[str]:
    """Prepare and run an engine; give what its self-test found wrong. One that failed computes all the same here."""
    failed = ""
    async with asyncio.TaskGroup() as group:
        computing = group.create_task(engine.run())
        try:
            await engine.prepare(terms)
        except ModelFaultError as fault:
            if not isinstance(fault.error, SelfTestError):
                raise
            failed = str(fault.error)
        try:
            yield failed
        finally:
            computing.cancel()
            engine.close()


async def scan_s(engine: Engine, frames: Frames) -> float:
    """Give the seconds of one scan, from its frames in to its scores out, while nothing else is there."""
    done: asyncio.Future[JobEvent] = asyncio.get_running_loop().create_future()

    def report(event: JobEvent) -> None:
        if isinstance(event, JobFinished | JobFailed):
            done.set_result(event)

    began_s = time.perf_counter()
    engine.submit(Job(Lane.LIVE, frames, report))
    if isinstance(event := await done, JobFailed):
        raise event.error
    return time.perf_counter() - began_s


async def load_s(engine: Engine, frames: Frames, *, scans: int, frames_a_scan: int, in_flight: int) -> float:
    """Give the seconds of so many scans when there are always `in_flight` frames waiting or computed."""
    finished = asyncio.Event()
    left, open_ = scans, 0
    pieces = [frames[start : start + frames_a_scan] for start in range(0, len(frames), frames_a_scan)]

    def submit() -> None:
        nonlocal left, open_
        left -= 1
        open_ += 1
        engine.submit(Job(Lane.LIVE, pieces[left % len(pieces)], report))

    def report(event: JobEvent) -> None:
        nonlocal open_
        if isinstance(event, JobFailed):
            raise event.error
        if isinstance(event, JobFinished):
            open_ -= 1
            if left:
                submit()
            elif not open_:
                finished.set()

    began_s = time.perf_counter()
    for _ in range(min(scans, max(1, in_flight // frames_a_scan))):
        submit()
    await finished.wait()
    return time.perf_counter() - began_s
