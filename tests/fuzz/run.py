"""Send a hostile corpus through limited processes, and check what they promise."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

from coordinator.media.errors import MediaError
from coordinator.media.limited import Cutters, Limits
from coordinator.media.looks import Views
from tests.fuzz.corpus import corpus

GRACE_S = 0.5
"""By how much an answer may come later than the wall time of an upload."""
MEMORY_BYTES = 20 << 20
_SIZE = 224
_WARM_UP = 64
"""How many inputs pass before memory counts: interpreters and event loops grow into their work."""


@dataclass(slots=True)
class Report:
    """Hold what a run found; `faults` are broken promises, in words, and there should be none."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    slowest: str = ""
    replaced: int = 0
    grown_bytes: int = 0
    faults: list[str] = field(default_factory=list)


async def run(count: int, seed: int, *, limits: Limits | None = None, workers: int = 2) -> Report:
    """Cut `count` hostile files in `workers` limited processes, and report.

    Each must be answered with frames or a `MediaError` within its wall time and `GRACE_S`; processes that were killed
    must be gone by then; and this process's memory must be back within `MEMORY_BYTES`.
    """
    limits = limits or Limits()
    report = Report()
    me = psutil.Process()
    inputs = corpus(count, seed)
    async with Cutters(limits=limits, count=workers) as cutters:
        await _lanes(cutters, inputs, limits, report, workers, _WARM_UP)
        gc.collect()
        before = me.memory_info().rss
        await _lanes(cutters, inputs, limits, report, workers, count)
        gc.collect()
        report.grown_bytes = me.memory_info().rss - before
        if report.grown_bytes > MEMORY_BYTES:
            report.faults.append(f"memory grew by {report.grown_bytes / 2**20:.1f} MB")
        strays = await _strays(cutters, me, workers)
        if strays:
            report.faults.append(f"processes {strays} outlived their uploads")
        report.replaced = cutters.snapshot().replaced
    return report


async def _strays(cutters: Cutters, me: psutil.Process, workers: int) -> set[int]:
    """Wait until every process is warm again and the others are gone; return those that are still there after 30 s."""
    strays: set[int] = set()
    try:
        async with asyncio.timeout(30):
            while True:
                snapshot = cutters.snapshot()
                running = {child.pid for child in me.children() if "coordinator.media.cutter" in child.cmdline()}
                strays = running - set(snapshot.pids)
                if snapshot.warm == workers and not strays:
                    return strays
                await asyncio.sleep(0.02)
    except TimeoutError:
        if not strays:
            raise
        return strays


async def _lanes(
    cutters: Cutters, inputs: Iterator[tuple[str, bytes]], limits: Limits, report: Report, workers: int, most: int
) -> None:
    """Cut at most so many inputs, one at a time for each process, so that none waits for a place."""
    left = iter(range(most))

    async def lane() -> None:
        for _ in left:
            given = next(inputs, None)
            if given is None:
                return
            await _one(cutters, *given, limits, report)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(lane())


async def _one(cutters: Cutters, name: str, body: bytes, limits: Limits, report: Report) -> None:
    loop = asyncio.get_running_loop()
    # A replacement may still be starting: that is not the time of this upload.
    while not cutters.snapshot().warm:  # noqa: ASYNC110 -- nothing here has an event for it
        await asyncio.sleep(0.005)
    began = loop.time()
    try:
        cut = await cutters.cut([body], size=_SIZE, views=Views.ALL, lane_is_live=True, deadline_s=began + 60)
        report.outcomes["partial" if cut.partial else "cut"] += 1
    except MediaError as error:
        report.outcomes[f"{type(error).__name__}: {error}"] += 1
    took_s = loop.time() - began
    if took_s > report.slowest_s:
        report.slowest_s, report.slowest = took_s, name
    if took_s > limits.wall_s + GRACE_S:
        report.faults.append(f"{name} took {took_s:.2f} s")
