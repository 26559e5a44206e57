"""Benchmark of the ledger: a look-up among a million verdicts, a PDQ among a million, a remembered answer.

The last is compared with a bare route, which reads and hashes the body, and answers; `python -m tests.bench.ledger
route PORT` is its process.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack, closing
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coordinator.ledger.ledger import Ledger
from coordinator.ledger.schema import prepare
from coordinator.likeness_index import LikenessIndex
from coordinator.media.looks import PDQ_BYTES
from tests.bench.load import Answered, Caller
from tests.bench.rows import Row, at_most
from tests.bench.uploads import accepting, noise_jpeg
from tests.coordinator.ledger.making import WAY, file_in, judged
from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import Coordinator, Scanner

VERDICTS = 1_000_000
LOOK_UPS = 4_000
LOOK_UP_BAR_MS = 1.0
"""Most that the median look-up may take: issue "The ledger"."""

LIKENESSES = 1_000_000
MATCHES = 200
TURN_S = 0.001
MATCH_BAR_MS = 20.0
"""Most that comparing may take: issue "The ledger"."""

ROUNDS = 15
UPLOADS = 40
REMEMBERED_BAR = 1.3
"""Most that a remembered answer may take, as a multiple of the bare route: issue "The ledger"."""


def digest(number: int) -> bytes:
    """Return the hash of one of the pictures."""
    return hashlib.sha256(number.to_bytes(8, "big")).digest()


def fill(path: Path) -> None:
    """Put a million verdicts into a ledger that has one of this way, in the order of their coming."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA cache_size=-400000")
        row = connection.execute("SELECT * FROM verdicts").fetchone()
        marks = ",".join("?" * len(row))
        connection.executemany(
            f"INSERT INTO verdicts VALUES ({marks})", ((digest(number), *row[1:]) for number in range(VERDICTS))
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def look_up_rows() -> list[Row]:
    """Measure looking up, half of it of pictures that are known, in no order."""
    with tempfile.TemporaryDirectory() as folder:
        path = file_in(Path(folder))
        prepare(path)
        async with Ledger(path) as ledger:
            ledger.remember(judged(1))
        await asyncio.to_thread(fill, path)
        numbers = random.Random(1).sample(range(2 * VERDICTS), LOOK_UPS)
        hashes = [digest(number).hex() for number in numbers]
        taken_ms, found = [], 0
        async with Ledger(path) as ledger:
            for sha256 in hashes:
                began_s = time.perf_counter()
                known = await ledger.look_up(sha256, WAY)
                taken_ms.append((time.perf_counter() - began_s) * 1e3)
                found += known is not None
        assert found == sum(number < VERDICTS for number in numbers)
        taken_ms.sort()
        size_bytes = path.stat().st_size
    return [
        at_most("look-up, 1,000,000 verdicts, median", statistics.median(taken_ms), "ms", bar=LOOK_UP_BAR_MS),
        at_most("look-up, 1,000,000 verdicts, 99th percentile", taken_ms[int(0.99 * LOOK_UPS)], "ms"),
        at_most("file of 1,000,000 verdicts without scores", size_bytes / 1e6, "MB"),
    ]


async def send(side: Caller, body: bytes, count: int) -> list[Answered]:
    """Send the same body again and again, one after the other."""
    return [await side.send(body) for _ in range(count)]


async def remembered_rows() -> list[Row]:
    """Measure an answer that is remembered, in turn with the bare route."""
    body, port = noise_jpeg(), free_port()
    taken: tuple[list[Answered], list[Answered]] = ([], [])
    with tempfile.TemporaryDirectory() as folder, bare_route(port):
        await accepting(port)
        coordinator = Coordinator(Path(folder), views="centre", policy="null", log_level="warning")
        async with coordinator, AsyncExitStack() as stack:
            scanner = Scanner(coordinator, "bench")
            scanner.launch()
            stack.callback(scanner.clean_up)
            await coordinator.ready()
            hook = Caller("127.0.0.1", coordinator.hook_port, "/api/v1/scan/IPADDR")
            await stack.enter_async_context(hook)
            await send(hook, body, 1)
            # Whoever answers from here on, it is no scanner.
            scanner.clean_up()
            route = await stack.enter_async_context(Caller("127.0.0.1", port, "/"))
            sides = (hook, route)
            for side in sides:
                await send(side, body, UPLOADS)
            for number in range(ROUNDS):
                order = (0, 1) if number % 2 else (1, 0)
                for index in order:
                    taken[index].extend(await send(sides[index], body, UPLOADS))
    assert {answer.status for answers in taken for answer in answers} == {200}
    remembered, bare = (statistics.median(answer.milliseconds for answer in answers) for answers in taken)
    return [at_most("remembered answer, 336 KB, median", remembered, "ms", floor=bare, bar=REMEMBERED_BAR)]


def bare_route(port: int) -> subprocess.Popen[bytes]:
    """Start the process of the bare route; it ends with the context."""

    class Ending(subprocess.Popen[bytes]):
        def __exit__(self, *_: object) -> None:
            self.terminate()
            self.wait()

    return Ending([sys.executable, "-m", "tests.bench.ledger", "route", str(port)])


def route(port: int) -> None:
    """Run the bare route."""

    async def answer(request: Request) -> Response:
        seen = hashlib.sha256()
        async for chunk in request.stream():
            seen.update(chunk)
        return JSONResponse({"sha256": seen.hexdigest()})

    app = Starlette(routes=[Route("/", answer, methods=["POST"])])
    # The coordinator's event loop: by itself uvicorn takes another one where that happens to be installed.
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="asyncio", http="httptools", access_log=False, log_level="warning"
    )


async def copies_rows() -> list[Row]:
    """Measure comparing one PDQ with a million, in a thread as it is done for an upload; nothing is near."""
    source = random.Random(1)
    index = await asyncio.to_thread(LikenessIndex, source.randbytes(LIKENESSES * PDQ_BYTES))
    wanted = [source.randbytes(PDQ_BYTES) for _ in range(MATCHES)]
    taken_ms, longest_gap_ms = [], 0.0
    for pdq in wanted:
        began_s = time.perf_counter()
        matching = asyncio.create_task(asyncio.to_thread(index.nearest, pdq, within=31))
        while not matching.done():
            turn_s = time.perf_counter()
            await asyncio.sleep(TURN_S)
            longest_gap_ms = max(longest_gap_ms, (time.perf_counter() - turn_s - TURN_S) * 1e3)
        taken_ms.append((time.perf_counter() - began_s) * 1e3)
        assert matching.result() is None
    taken_ms.sort()
    return [
        at_most("one PDQ among 1,000,000, median", statistics.median(taken_ms), "ms", bar=MATCH_BAR_MS),
        at_most("one PDQ among 1,000,000, 95th percentile", taken_ms[int(0.95 * MATCHES)], "ms"),
        at_most("event loop held up meanwhile, longest", longest_gap_ms, "ms"),
    ]


async def measure() -> list[Row]:
    """Measure everything."""
    return [*await copies_rows(), *await look_up_rows(), *await remembered_rows()]


def rows() -> list[Row]:
    """Measure, and return the rows."""
    return asyncio.run(measure())


if __name__ == "__main__":
    if sys.argv[1:2] == ["route"]:
        route(int(sys.argv[2]))
    else:
        for row in rows():
            print(row)
