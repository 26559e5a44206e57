"""Bench and drill of sweeps: `python -m tests.bench.sweep`; rows in build/bench-sweep.json.

rate: a sweep beside what the limited processes do by themselves, in the same lane and with the same photographs; and
one of small pictures beside what a slow scanner does of uploads.
live: the 95th percentile of uploads while a sweep fills scanners and limited processes, beside that of a calm hour.
folder, bucket: small pictures, 137 of 100,000 bright; the bucket is swept through a proxy that lets 5 % of the requests
fail, by a process that is killed twice.
listing: a hundred times as many objects, all settled before, of a bucket that can only be listed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
from rich.console import Console

from coordinator.media.limited import Cutters
from coordinator.media.limits import Limits
from coordinator.media.looks import Views
from coordinator.sweep.sources.s3 import S3
from tests.bench.__main__ import table_of
from tests.bench.endless_bucket import know_all, running
from tests.bench.load import distinct, offer
from tests.bench.rows import Row, at_least, at_most
from tests.bench.uploads import accepting, noise_jpeg
from tests.end_to_end.http_faults import HttpFaults
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.s3 import BUCKET, S3Server
from tests.end_to_end.sweeping import Sweeper, json_lines, paths

OUTPUT = Path("build/bench-sweep.json")

PLANTED_OF_100_000 = 137
FAULTS = 0.05
MOST_MB = 300
PHOTOGRAPHS = 3000
LIVE_UPLOADS = 200
LIVE_ROUNDS = 6
SWEPT = 1000
"""Photographs before the sweep of a round: more than it gets through."""
SMALL_PICTURES, SLOW_MS = 1500, 20


def contents(count: int) -> tuple[dict[str, bytes], set[str]]:
    """Return pictures by their places, all of them different, and the places of those that are planted."""
    planted_every = 100_000 // PLANTED_OF_100_000
    good, bad = dark(), bright()
    made: dict[str, bytes] = {}
    planted: set[str] = set()
    for number in range(count):
        place = f"{number % 256:02x}/{number // 256 % 256:02x}/{number}.png"
        is_planted = number % planted_every == planted_every // 2 and len(planted) < PLANTED_OF_100_000
        # Behind the end of a PNG, where no decoder looks.
        made[place] = (bad if is_planted else good) + b"%d" % number
        if is_planted:
            planted.add(place)
    return made, planted


def stored(pictures: Mapping[str, bytes], folder: Path) -> Path:
    """Write pictures into a folder."""
    for place, content in pictures.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


async def cutters_alone(pictures: Sequence[bytes]) -> float:
    """Return how many pictures a second the limited processes cut in the sweep's lane, when nothing else is done."""
    async with Cutters(limits=Limits(), count=2) as cutters:
        loop = asyncio.get_running_loop()
        rest = iter(pictures)

        async def cut() -> None:
            for picture in rest:
                deadline_s = loop.time() + 60
                await cutters.cut([picture], size=224, views=Views.ALL, lane_is_live=False, deadline_s=deadline_s)

        began_s = loop.time()
        await asyncio.gather(*(cut() for _ in range(8)))
        return len(pictures) / (loop.time() - began_s)


class Peak:
    """The largest resident size of a process, looked at until it ends."""

    def __init__(self, pid: int) -> None:
        self.mb = 0.0
        self._process = psutil.Process(pid)

    async def watch(self) -> None:
        """Look every half second."""
        with contextlib.suppress(psutil.Error):
            while True:
                self.mb = max(self.mb, self._process.memory_info().rss / 1e6)
                await asyncio.sleep(0.5)


@dataclass(frozen=True)
class Result:
    """How a sweep went."""

    end: Mapping[str, Any]
    seconds: float
    peak_mb: float


async def swept(sweeper: Sweeper, source: object, *options: object) -> Result:
    """Run a sweep to its end."""
    began_s = time.monotonic()
    last: dict[str, Any] = {}
    async with sweeper.started("sweep run", source, "--json", *options) as process:
        peak = Peak(process.pid)
        watching = asyncio.create_task(peak.watch())
        async for line in json_lines(process):
            last = line
        watching.cancel()
    assert last["event"] == "end", last
    return Result(last, time.monotonic() - began_s, peak.mb)


async def rate(home: Path, count: int) -> list[Row]:
    """Measure a sweep of photographs beside the limited processes by themselves, before and after it."""
    photograph = noise_jpeg()
    bodies = [distinct(photograph, number) for number in range(PHOTOGRAPHS)]
    store = stored({f"{number}.jpg": body for number, body in enumerate(bodies)}, home / "photographs")
    async with Coordinator(home, "rate") as coordinator, Scanner(coordinator, "one"):
        sweeper = Sweeper(coordinator, name="rate-sweep")
        before = await cutters_alone(bodies[: PHOTOGRAPHS // 2])
        result = await swept(sweeper, store)
        after = await cutters_alone(bodies[PHOTOGRAPHS // 2 :])
    files_per_s = PHOTOGRAPHS / result.seconds
    name = f"rate of {PHOTOGRAPHS} photographs, start included"
    return [
        at_least(name, files_per_s, "/s", floor=(before + after) / 2, bar=0.9),
        await rate_of_scanners(home),
    ]


async def rate_of_scanners(home: Path) -> Row:
    """Measure a sweep where the scanner is the slowest part, beside uploads that keep it busy, before and after it."""
    pictures, _ = contents(SMALL_PICTURES)
    store = stored(pictures, home / "small")

    async def uploads_alone(first: int) -> float:
        began_s = time.monotonic()
        await offer(
            coordinator.hook_port,
            "/api/v1/scan/IPADDR",
            dark(),
            callers=32,
            uploads=SMALL_PICTURES // 2,
            first=first,
        )
        return SMALL_PICTURES // 2 / (time.monotonic() - began_s)

    async with (
        Coordinator(home, "scanners") as coordinator,
        Scanner(coordinator, "one", null_ms_per_frame=SLOW_MS, capacity=16),
    ):
        sweeper = Sweeper(coordinator, name="scanners-sweep")
        before = await uploads_alone(0)
        result = await swept(sweeper, store)
        after = await uploads_alone(SMALL_PICTURES)
    name = f"rate of {SMALL_PICTURES} small pictures, {SLOW_MS} ms each in the scanner, start included"
    return at_least(name, SMALL_PICTURES / result.seconds, "/s", floor=(before + after) / 2, bar=0.9)


async def live(home: Path, count: int) -> list[Row]:
    """Measure uploads one after the other, in rounds without a sweep and with one, which goes on all the time."""
    photograph = noise_jpeg()
    calm: list[float] = []
    busy: list[float] = []
    swept_meanwhile = 0
    async with Coordinator(home, "live", metrics_networks="127.0.0.0/8") as coordinator, Scanner(coordinator, "one"):
        sweeper = Sweeper(coordinator, name="live-sweep")

        async def uploads(number: int) -> list[float]:
            answers = await offer(
                coordinator.hook_port,
                "/api/v1/scan/IPADDR",
                photograph,
                callers=1,
                uploads=LIVE_UPLOADS,
                first=10_000_000 + number * LIVE_UPLOADS,
            )
            assert all(answer.status == 200 for answer in answers)
            return [answer.milliseconds for answer in answers]

        for number in range(LIVE_ROUNDS):
            calm += await uploads(2 * number)
            # Others in each round: what is known is only asked about.
            bodies = {f"{n}.jpg": distinct(photograph, number * SWEPT + n) for n in range(SWEPT)}
            store = stored(bodies, home / f"photographs{number}")
            async with sweeper.started("sweep run", store, "--json") as process:
                async for line in json_lines(process):
                    if line["event"] == "progress" and line["done"]:
                        break
                before = await scans(coordinator)
                busy += await uploads(2 * number + 1)
                swept_meanwhile += await scans(coordinator) - before - LIVE_UPLOADS
                assert process.returncode is None, "the sweep has to go on longer than the uploads"
    ninety_five = [statistics.quantiles(times, n=20)[-1] for times in (busy, calm)]
    name = f"live 95th percentile of {len(busy)} uploads during sweeps"
    return [
        at_most(name, ninety_five[0], "ms", floor=ninety_five[1], bar=1.15),
        at_least("live: photographs swept while they came", float(swept_meanwhile), "", bar=LIVE_ROUNDS),
    ]


async def scans(coordinator: Coordinator) -> int:
    """Return how many results the coordinator's scanner has given."""
    async with httpx2.AsyncClient() as client:
        text = (await client.get(f"{coordinator.public_url}/metrics")).text
    found = re.search(r"^fediward_scanner_scans_total\{[^}]*\} ([0-9.]+)$", text, re.MULTILINE)
    assert found is not None
    return int(float(found[1]))


async def folder(home: Path, count: int) -> list[Row]:
    """Sweep a folder of small pictures."""
    pictures, planted = contents(count)
    store = stored(pictures, home / "store")
    async with Coordinator(home, "folder") as coordinator, Scanner(coordinator, "one"):
        sweeper = Sweeper(coordinator, name="folder-sweep")
        result = await swept(sweeper, store)
        found = paths(await sweeper.report(store))
    return [
        at_least(f"folder: {count} small files", count / result.seconds, "/s"),
        at_most("folder: found wrongly or missed", float(len(found ^ planted)), "", bar=0),
        at_most("folder: not settled", float(count - result.end["done"]), "", bar=0),
        at_most("folder: memory of the sweep", result.peak_mb, "MB", bar=MOST_MB),
    ]


async def bucket(home: Path, count: int) -> list[Row]:
    """Measure a listing; sweep through faults and kills, and compare what is found with what was planted."""
    pictures, planted = contents(count)
    async with S3Server(home) as server:
        await server.put(pictures)
        os.environ.update(server.variables_of_callers)
        began_s = time.monotonic()
        listed = sum([len(batch) async for batch in S3(BUCKET, "", endpoint=server.url).listing()])
        list_s = time.monotonic() - began_s
        async with (
            Coordinator(home, "bucket") as coordinator,
            Scanner(coordinator, "one"),
            HttpFaults(server.port, share=FAULTS) as proxy,
        ):
            sweeper = Sweeper(coordinator, name="bucket-sweep")
            sweeper.variables = server.variables_of_callers | {"AWS_ENDPOINT_URL": proxy.url}
            source = f"s3://{BUCKET}"
            for share in (0.2, 0.6):
                async with sweeper.started("sweep run", source, "--json") as process:
                    async for line in json_lines(process):
                        if line["event"] == "progress" and line["done"] >= share * count:
                            break
                    process.send_signal(signal.SIGKILL)
                    await process.wait()
            result = await swept(sweeper, source)
            rows = await sweeper.report(source)
            asked = coordinator.log.count(" outcome=flagged ")
    found = {row["path"] for row in rows if row["outcome"] == "flagged"}
    return [
        at_most(f"bucket: listing {listed} objects", list_s, "s", bar=20),
        at_most("bucket: found wrongly or missed, after 2 kills", float(len(found ^ planted)), "", bar=0),
        at_least(f"bucket: planted {len(planted)}, told of by the coordinator, two crashes included", float(asked), ""),
        at_most("bucket: not settled", float(count - result.end["done"]), "", bar=0),
        at_most("bucket: failed", float(result.end["failed"]), "", bar=0),
        at_least(f"bucket: of {proxy.requests} requests made to fail", float(proxy.faults), ""),
        at_most("bucket: memory of the sweep", result.peak_mb, "MB", bar=MOST_MB),
    ]


async def listing(home: Path, count: int) -> list[Row]:
    """Have a sweep go on that has only a listing before it, of a hundred times as many objects as the other parts."""
    objects, port = 100 * count, free_port()
    state = home / "state.sqlite"
    await asyncio.to_thread(know_all, state, objects)
    with running(port, objects):
        await accepting(port)
        async with Coordinator(home, "listing") as coordinator:
            sweeper = Sweeper(coordinator, name="listing-sweep")
            sweeper.variables = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "r"}
            sweeper.variables["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
            result = await swept(sweeper, "s3://bucket", "--state", state)
    return [
        at_most(f"listing of {objects} objects: memory of the sweep", result.peak_mb, "MB", bar=MOST_MB),
        at_least("listing: objects", objects / result.seconds, "/s"),
        at_most("listing: not settled", float(objects - result.end["done"]), "", bar=0),
        at_most("listing: file of the state", state.stat().st_size / 1e6, "MB"),
    ]


PARTS: Mapping[str, Callable[[Path, int], Awaitable[list[Row]]]] = {
    "rate": rate,
    "live": live,
    "folder": folder,
    "bucket": bucket,
    "listing": listing,
}


async def measure(parts: Sequence[str], count: int) -> list[Row]:
    """Measure some parts, each in a folder of its own."""
    rows: list[Row] = []
    for part in parts:
        with tempfile.TemporaryDirectory() as name:
            rows += await PARTS[part](Path(name), count)
    return rows


def main() -> None:
    """Measure; exit with 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sweep")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="what to measure; everything if not given")
    parser.add_argument("--count", type=int, default=100_000, help="small pictures in folder and bucket")
    chosen = parser.parse_args()
    rows = asyncio.run(measure(chosen.parts or list(PARTS), chosen.count))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(rows, indent=1))
    Console().print(table_of(rows))
    sys.exit(int(any(row["ok"] is False for row in rows)))


if __name__ == "__main__":
    main()
