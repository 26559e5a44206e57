"""Benchmark of the later look: pictures accepted unseen are looked at beside live uploads.

`make bench-later`, or `python -m tests.bench.later`; rows in build/bench-later.json. It needs a pict-rs
(`.ci/install-pict-rs`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path

import httpx2
from rich.console import Console

from tests.bench.__main__ import table_of
from tests.bench.load import Caller, distinct
from tests.bench.rows import Row, at_least, at_most
from tests.bench.uploads import noise_jpeg
from tests.end_to_end.pictrs import API_KEY, PictRs
from tests.end_to_end.processes import Coordinator, Scanner

OUTPUT = Path("build/bench-later.json")

DEBTS, FLAGGED = 2000, 40
DRAWN = 96
LIVE_PER_S = 4.0
ROUNDS = 10
"""Turns of paying debts and not: what else this machine does falls on both."""

WARM_S = 2.0
"""Live uploads at the start of a round that do not count: the scanner has just come."""
LONGEST_S = 1800.0


async def judged(coordinator: Coordinator) -> dict[bool, list[bytes]]:
    """Draw pictures of the demo's shapes; return those that the demo policy flags, and those that it does not."""
    from scanner.demo.pictures import held_out

    found: dict[bool, list[bytes]] = {True: [], False: []}
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
        for _, image in held_out(DRAWN, 1):
            file = BytesIO()
            image.convert("RGB").save(file, "JPEG", quality=90)
            data = file.getvalue()
            answer = await client.post(coordinator.hook_url(query="?record=0"), content=data)
            found[answer.json()["outcome"] == "flagged"].append(data)
    return found


def debts_of(found: dict[bool, list[bytes]], debts: int, flagged: int) -> Iterator[tuple[bytes, bool]]:
    """Yield so many pictures with different hashes, and whether they are flagged: these are spread out evenly."""
    for number in range(debts):
        is_flagged = (number * flagged) % debts < flagged
        drawn = found[is_flagged]
        yield distinct(drawn[number % len(drawn)], number), is_flagged


class Live:
    """Uploads of people: at random moments, whatever became of the ones before."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._body = noise_jpeg()
        self._numbers = iter(range(1 << 40))
        self._random = random.Random(1)

    async def run(self, stop: asyncio.Event) -> list[float]:
        """Send until told to stop; return the milliseconds of each."""
        times: list[float] = []
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                group.create_task(self._one(times))
                await asyncio.sleep(self._random.expovariate(LIVE_PER_S))
        return times

    async def run_for(self, seconds: float) -> list[float]:
        """Send for so long."""
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        return await self.run(stop)

    async def _one(self, times: list[float]) -> None:
        async with Caller("127.0.0.1", self._port, "/api/v1/scan/IPADDR") as caller:
            answered = await caller.send(distinct(self._body, next(self._numbers)))
            assert answered.status == 200, answered
            times.append(answered.milliseconds)


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile."""
    return sorted(values)[int(share * (len(values) - 1))]


def counted(coordinator: Coordinator, query: str) -> int:
    """Read a number from the ledger."""
    with closing(sqlite3.connect(coordinator.data_dir / "ledger.sqlite")) as ledger:
        return int(ledger.execute(query).fetchone()[0])


async def paid(coordinator: Coordinator) -> None:
    """Wait until no debt is open."""
    async with asyncio.timeout(LONGEST_S):
        while True:
            if counted(coordinator, "SELECT count(*) FROM debts WHERE settled IS NULL") == 0:
                return
            await asyncio.sleep(0.5)


async def measure(folder: Path, debts: int, flagged: int) -> list[Row]:
    """Measure live uploads while debts are paid and while there are none, in turns."""
    coordinator = Coordinator(folder, model="demo", policy="demo")
    pictrs = PictRs(folder, validation=coordinator.hook_url())
    coordinator.settings = {**coordinator.settings, "pictrs_url": pictrs.url, "pictrs_api_key": API_KEY}
    scanner = Scanner(coordinator, "one", model="demo")
    quiet: list[float] = []
    during: list[float] = []
    aliases: dict[str, bool] = {}
    paying_s = 0.0
    async with coordinator, pictrs:
        live = Live(coordinator.hook_port)
        async with scanner:
            await live.run_for(5.0)
            owed = list(debts_of(await judged(coordinator), debts, flagged))
        share = math.ceil(debts / ROUNDS)
        for first in range(0, debts, share):
            for data, is_flagged in owed[first : first + share]:
                answer = await pictrs.upload(data)
                aliases[str(answer.json()["files"][0]["file"])] = is_flagged
            async with scanner:
                stop = asyncio.Event()
                began_s = time.monotonic()
                paying = asyncio.create_task(paid(coordinator))
                await live.run_for(WARM_S)
                sending = asyncio.create_task(live.run(stop))
                await paying
                took_s = time.monotonic() - began_s
                stop.set()
                during += await sending
                quiet += await live.run_for(took_s)
                paying_s += took_s
        gone = {alias for alias in aliases if (await pictrs.original(alias)).status_code == 404}
        purges = counted(coordinator, "SELECT count(*) FROM audit WHERE what = 'purge'")
        contents = counted(coordinator, "SELECT count(DISTINCT sha256) FROM audit WHERE what = 'purge'")
    wrong = len(gone ^ {alias for alias, is_flagged in aliases.items() if is_flagged})
    quiet_ms, during_ms = percentile(quiet, 0.95), percentile(during, 0.95)
    middle = statistics.median(quiet)
    return [
        at_most("later look: pictures wrongly purged or kept", wrong, "", bar=0),
        at_most("later look: purged more than once", purges - contents, "", bar=0),
        at_least("later look: debts paid beside live uploads", len(aliases) / paying_s, "/s"),
        at_most("later look: live median meanwhile", statistics.median(during), "ms", floor=middle),
        at_most("later look: live 95th percentile meanwhile", during_ms, "ms", floor=quiet_ms, bar=1.15),
    ]


def main() -> None:
    """Measure; exit with 1 when a bar is missed: one is that what is purged is exactly what is flagged."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.later")
    parser.add_argument("--debts", type=int, default=DEBTS)
    parser.add_argument("--flagged", type=int, default=FLAGGED)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(Path(folder), given.debts, given.flagged))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(rows, indent=1))
    Console().print(table_of(rows))
    sys.exit(int(any(row["ok"] is False for row in rows)))


if __name__ == "__main__":
    main()
