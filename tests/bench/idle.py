"""What a coordinator costs that has nothing to do, and what 10,000 uploads leave behind."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil

from tests.bench.load import offer
from tests.bench.rows import Row, at_most
from tests.bench.uploads import CALLERS, noise_jpeg
from tests.end_to_end.processes import Coordinator, Scanner

IDLE_S = 60
UPLOADS = 10_000
SETTLED = "<Hub connections=0 waiting=0 scanners=0 scans=0 pushes=0>, <Uploads in_flight=0>, 0 bytes of bodies"


async def measure() -> list[Row]:
    """Run a coordinator with two scanners: idle, then under load; return the rows."""
    with tempfile.TemporaryDirectory() as folder:
        async with Coordinator(Path(folder), views="centre", policy="null") as coordinator, AsyncExitStack() as stack:
            for name in ("one", "two"):
                scanner = Scanner(coordinator, name)
                scanner.launch()
                stack.callback(scanner.clean_up)
                await coordinator.scanner_ready(name)
            process = psutil.Process(coordinator.process.pid)
            idle_mb = process.memory_info().rss / 1e6
            before, began_s = process.cpu_times(), time.perf_counter()
            await asyncio.sleep(IDLE_S)
            after, elapsed_s = process.cpu_times(), time.perf_counter() - began_s
            share = (after.user + after.system - before.user - before.system) / elapsed_s * 100
            body, port, path = noise_jpeg((160, 120)), coordinator.hook_port, "/api/v1/scan/IPADDR"
            await offer(port, path, body, callers=CALLERS, uploads=500, first=0)
            warm_mb = process.memory_info().rss / 1e6
            answers = await offer(port, path, body, callers=CALLERS, uploads=UPLOADS, first=1000)
            grown_mb = process.memory_info().rss / 1e6 - warm_mb
            await coordinator.stop(signal.SIGTERM)
            left = 0 if SETTLED in coordinator.log else 1
            return [
                at_most("resident, idle with two scanners", idle_mb, "MB", bar=150),
                at_most(f"processor, idle for {IDLE_S} s", share, "% of a core", bar=0.5),
                at_most(f"memory grown by {UPLOADS} uploads", grown_mb, "MB", bar=20),
                at_most("answers that are not 200", sum(a.status != 200 for a in answers), "", bar=0),
                at_most("entries left in hub, dispatch or bodies", left, "", bar=0),
            ]


def rows() -> list[Row]:
    """Measure, and return the rows."""
    return asyncio.run(measure())
