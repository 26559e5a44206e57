"""Benchmark of the way of an upload: coordinator and null scanner beside the floor, in alternating rounds."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from tests.bench.load import Answered, Caller, offer
from tests.bench.rows import Row, at_least, at_most
from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import Coordinator, Scanner

ROUNDS = 7
ONE_BY_ONE, AT_ONCE = 40, 320
CALLERS = 32
PICTURE_BYTES = 336 * 1000


def noise_jpeg(size: tuple[int, int] = (1024, 768)) -> bytes:
    """Make a JPEG of noise whose size comes closest to PICTURE_BYTES."""
    rng = np.random.default_rng(1)
    grey = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    smooth = Image.fromarray(grey).resize((size[0] // 2, size[1] // 2)).resize(size)
    written = []
    for quality in range(50, 98, 2):
        file = BytesIO()
        smooth.save(file, "JPEG", quality=quality)
        written.append(file.getvalue())
    return min(written, key=lambda data: abs(len(data) - PICTURE_BYTES))


@dataclass
class Side:
    """One of the two that are measured."""

    name: str
    port: int
    path: str
    process: psutil.Process
    one_by_one: list[Answered] = field(default_factory=list)
    at_once: list[Answered] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    uploads: int = 0

    def cpu_now_s(self) -> float:
        """Return the processor time of the process itself, without its children."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    async def measure(self, body: bytes, first: int) -> None:
        """Run one round."""
        before_s = self.cpu_now_s()
        self.one_by_one += await offer(self.port, self.path, body, callers=1, uploads=ONE_BY_ONE, first=first)
        began_s = time.perf_counter()
        self.at_once += await offer(
            self.port, self.path, body, callers=CALLERS, uploads=AT_ONCE, first=first + ONE_BY_ONE
        )
        self.rates.append(AT_ONCE / (time.perf_counter() - began_s))
        self.cpu_s += self.cpu_now_s() - before_s
        self.uploads += ONE_BY_ONE + AT_ONCE


def peak_mb(process: psutil.Process) -> float:
    """Return the largest resident size that a process ever had, in MB."""
    line = next(x for x in Path(f"/proc/{process.pid}/status").read_text().splitlines() if x.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


@contextmanager
def floor_process(*arguments: str) -> Iterator[int]:
    """Run one of the floor's two processes; yield its process id."""
    with subprocess.Popen([sys.executable, "-m", "tests.bench.floor", *arguments]) as process:
        yield process.pid
        process.terminate()


@asynccontextmanager
async def floor_side() -> AsyncIterator[Side]:
    """Run the floor."""
    port, echo_port = free_port(), free_port()
    with floor_process("echo", str(echo_port)):
        await accepting(echo_port)
        with floor_process("route", str(port), str(echo_port)) as pid:
            await accepting(port)
            yield Side("floor", port, "/", psutil.Process(pid))


async def accepting(port: int) -> None:
    """Wait until somebody listens on a port."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@asynccontextmanager
async def product_side() -> AsyncIterator[Side]:
    """Run a coordinator and one null scanner, with the one look that the floor cuts."""
    with tempfile.TemporaryDirectory() as folder:
        coordinator = Coordinator(Path(folder), views="centre", policy="null", log_level="warning")
        async with coordinator, AsyncExitStack() as stack:
            scanner = Scanner(coordinator, "bench")
            scanner.launch()
            stack.callback(scanner.clean_up)
            await coordinator.ready()
            process = psutil.Process(coordinator.process.pid)
            yield Side("fediward", coordinator.hook_port, "/api/v1/scan/IPADDR", process)


def ninety_ninth(values: Sequence[float]) -> float:
    """Return the 99th percentile."""
    return sorted(values)[int(0.99 * (len(values) - 1))]


async def measure() -> list[Row]:
    """Run all rounds; return the rows."""
    body = noise_jpeg()
    async with floor_side() as floor, product_side() as product:
        for side in (floor, product):
            async with Caller("127.0.0.1", side.port, side.path) as caller:
                for number in range(20):
                    await caller.send(body + number.to_bytes(4, "big"))
        for number in range(ROUNDS):
            for side in (floor, product) if number % 2 else (product, floor):
                await side.measure(body, first=number * 10_000)
        answers = product.one_by_one + product.at_once
        bad = sum(answer.status != 200 for answer in answers)
        one, least = ([a.milliseconds for a in side.one_by_one] for side in (product, floor))
        many, least_many = ([a.milliseconds for a in side.at_once] for side in (product, floor))
        median = statistics.median
        children = sum(peak_mb(child) for child in product.process.children())
        floor_cpu_ms, cpu_ms = (side.cpu_s / side.uploads * 1e3 for side in (floor, product))
        return [
            at_most("median, 1 at a time", median(one), "ms", floor=median(least), bar=1.25),
            at_most("99th percentile, 1 at a time", ninety_ninth(one), "ms", floor=ninety_ninth(least)),
            at_least("uploads, 32 at once", median(product.rates), "/s", floor=median(floor.rates), bar=0.8),
            at_most("median, 32 at once", median(many), "ms", floor=median(least_many)),
            at_most("99th percentile, 32 at once", ninety_ninth(many), "ms", floor=ninety_ninth(least_many)),
            at_most("answers that are not 200", bad, "", bar=0),
            at_most("coordinator's own processor time", cpu_ms, "ms", floor=floor_cpu_ms),
            at_most("peak memory without limited processes", peak_mb(product.process), "MB"),
            at_most("peak memory with them", peak_mb(product.process) + children, "MB"),
        ]


def rows() -> list[Row]:
    """Measure, and return the rows."""
    return asyncio.run(measure())
