"""What an open admin page costs a coordinator with 200 scanners that report 100 times a second."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from shared.messages import Load, Ready
from tests.bench.rows import Row, at_least, at_most
from tests.end_to_end.peer import Peer
from tests.end_to_end.processes import Coordinator

SCANNERS = 200
UPDATES_PER_S = 100
MEASURED_S = 20.0
TOKEN = "a-token-of-no-worth"


@dataclass
class Seen:
    """What came to the page."""

    snapshots: int = 0
    size_bytes: int = 0


async def report(peers: list[Peer]) -> None:
    """Let one scanner after another say how it is, with other figures each time."""
    began_s = time.perf_counter()
    for number, peer in enumerate(itertools.cycle(peers)):
        turn = number // len(peers)
        load = Load(8, turn % 8 * 10**9, 8 * 10**9, 100.0 + turn, paused=False, reason="")
        await peer.send(load)
        due_s = began_s + (number + 1) / UPDATES_PER_S
        await asyncio.sleep(max(due_s - time.perf_counter(), 0.0))


async def look(client: httpx2.AsyncClient, seen: Seen) -> None:
    """Read what is sent to an open page."""
    async with client.stream("GET", "/events", timeout=60.0) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                seen.snapshots += 1
                seen.size_bytes = len(line)


@asynccontextmanager
async def doing(*work: asyncio.Task[None]) -> AsyncIterator[None]:
    """Have something done meanwhile."""
    try:
        yield
    finally:
        for task in work:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def share_of_a_core(process: psutil.Process) -> float:
    """Measure how much of a core a process takes, in per cent."""
    before, began_s = process.cpu_times(), time.perf_counter()
    await asyncio.sleep(MEASURED_S)
    after, elapsed_s = process.cpu_times(), time.perf_counter() - began_s
    return (after.user + after.system - before.user - before.system) / elapsed_s * 100


async def measure() -> list[Row]:
    """Connect the scanners, and measure without a page and with one."""
    with tempfile.TemporaryDirectory() as folder:
        async with Coordinator(Path(folder), admin_token=TOKEN) as coordinator, AsyncExitStack() as stack:
            peers = [Peer(coordinator, "box") for _ in range(SCANNERS)]
            for peer in peers:
                await peer.connect()
                stack.push_async_callback(peer.leave)
                await peer.introduce()
                await peer.send(Ready())
            await coordinator.scanner_ready(peers[-1].name)
            client = await stack.enter_async_context(httpx2.AsyncClient(base_url=coordinator.public_url))
            process, seen = psutil.Process(coordinator.process.pid), Seen()
            async with doing(asyncio.create_task(report(peers))):
                await client.post("/login", data={"token": TOKEN})
                await asyncio.sleep(3)
                alone = await share_of_a_core(process)
                async with doing(asyncio.create_task(look(client, seen))):
                    await asyncio.sleep(3)
                    watched = await share_of_a_core(process)
            return [
                at_most(f"{SCANNERS} scanners, {UPDATES_PER_S} updates/s, nobody looks", alone, "% of a core"),
                at_most("an open page beside that", watched - alone, "% of a core", bar=5),
                at_least("snapshots that came in 23 s", seen.snapshots, "", bar=15),
                at_most("a snapshot", seen.size_bytes / 1e3, "kB"),
            ]


def rows() -> list[Row]:
    """Measure, and return the rows."""
    return asyncio.run(measure())
