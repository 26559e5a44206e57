"""What a coordinator costs that has nothing to do, and what 10,000 uploads leave behind."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import psutil

from shared.messages import Lane
from tests.bench.load import offer
from tests.bench.rows import Row, at_most
from tests.bench.uploads import CALLERS, noise_jpeg
from tests.end_to_end.processes import Coordinator, Scanner

SCANNERS = ("one", "two")
IDLE_S = 60
UPLOADS = 10_000
BACK_S = 5.0
"""What is free goes back to the system within a lull of uploads (coordinator/allocator.py)."""
SETTLED = "<Hub connections=0 waiting=0 scanners=0 scans=0 pushes=0>, <Uploads in_flight=0>, 0 bytes of bodies"

IN_FLIGHT = ("fediward_uploads_in_flight ", "fediward_lane_scans{", "fediward_scanner_frames_in_flight{")


async def measure() -> list[Row]:
    """Run a coordinator with two scanners: idle, then under load; return the rows."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Coordinator(Path(folder), views="centre", policy="null", metrics_networks="127.0.0.0/8") as coordinator,
            AsyncExitStack() as stack,
        ):
            for name in SCANNERS:
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
            answers = await offer(port, path, body, callers=CALLERS, uploads=UPLOADS, first=1000)
            await asyncio.sleep(BACK_S)
            grown_mb = process.memory_info().rss / 1e6 - idle_mb
            serving = await in_flight(coordinator)
            await coordinator.stop(signal.SIGTERM)
            left = 0 if SETTLED in coordinator.log else 1
            return [
                at_most("resident, idle with two scanners", idle_mb, "MB", bar=150),
                at_most(f"processor, idle for {IDLE_S} s", share, "% of a core", bar=0.5),
                at_most(f"resident after {UPLOADS} uploads, above idle", grown_mb, "MB", bar=20),
                at_most("answers that are not 200", sum(a.status != 200 for a in answers), "", bar=0),
                at_most("uploads, scans and frames in flight after them, with both scanners", serving, "", bar=0),
                at_most("entries left in hub, dispatch or bodies", left, "", bar=0),
            ]


async def in_flight(coordinator: Coordinator) -> float:
    """Add up what a coordinator says that it has on its way: at the hook, in the lanes, and at each scanner."""
    async with httpx2.AsyncClient(verify=False) as client:
        metrics = (await client.get(f"{coordinator.public_url}/metrics")).text
    lines = [line.rpartition(" ") for line in metrics.splitlines() if line.startswith(IN_FLIGHT)]
    assert len(lines) == 1 + len(Lane) + len(SCANNERS), metrics
    return sum(float(value) for _, _, value in lines)


def rows() -> list[Row]:
    """Measure, and return the rows."""
    return asyncio.run(measure())
