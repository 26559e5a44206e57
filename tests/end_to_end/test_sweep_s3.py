"""Sweeps of a bucket on a real S3 server, also one that throttles, fails, and breaks off."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from coordinator.sweep.sources.s3 import S3
from coordinator.sweep.sources.source import BATCH
from shared.exit_codes import ExitCode
from tests.end_to_end import s3
from tests.end_to_end.http_faults import HttpFaults
from tests.end_to_end.pictures import bright, broken, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.s3 import BUCKET, HOST_BUCKET, S3Server
from tests.end_to_end.sweeping import Sweeper, json_lines, paths

pytestmark = [pytest.mark.s3, pytest.mark.asyncio(loop_scope="module")]

SOURCE = f"s3://{BUCKET}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def coordinator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Coordinator]:
    """One coordinator with a scanner for the tests of this file."""
    s3.require()
    async with Coordinator(tmp_path_factory.mktemp("sweeps")) as coordinator, Scanner(coordinator, "one"):
        yield coordinator


def sweeper_of(coordinator: Coordinator, server: S3Server, folder: Path) -> Sweeper:
    """Return who sweeps a server."""
    sweeper = Sweeper(coordinator, name=f"for-{folder.name[-20:]}")
    sweeper.variables = server.variables_of_callers | {"AWS_ENDPOINT_URL": server.url}
    return sweeper


async def test_sweep_of_a_bucket_finds_and_purges(coordinator: Coordinator, tmp_path: Path) -> None:
    """What is found in a bucket is deleted, and only that; the report gives the names that other tools need."""
    async with S3Server(tmp_path) as server:
        bad = "media_attachments/files/109/382/471/original/a b+c%20ü.png"
        good = {f"files/{number}.png": dark() for number in range(30)}
        await server.put({**good, "files/broken.png": broken(), bad: bright(), "others/bad.png": bright()})
        before = server.keys()
        sweeper = sweeper_of(coordinator, server, tmp_path)
        swept = await sweeper.run(SOURCE, "--purge", "--prefix", "media_att")
        assert (swept.code, swept.end["done"], swept.end["kept"]) == (ExitCode.FOUND, 1, 0)
        (row,) = await sweeper.report(SOURCE, "--prefix", "media_att")
        assert (row["path"], row["action"]) == (bad, "removed")
        assert row["known_as"] == "Mastodon media_attachments 109382471"
        whole = await sweeper.run(SOURCE, "--purge")
        assert (whole.end["done"], whole.end["found"], whole.end["unreadable"]) == (32, 1, 1)
        assert server.keys() == before - {bad, "others/bad.png"}


async def test_sweep_of_a_bucket_that_is_part_of_the_hosts_name(coordinator: Coordinator, tmp_path: Path) -> None:
    """In the virtual style the bucket is put before the endpoint's host, for listing, reading and deleting."""
    async with S3Server(tmp_path, bucket=HOST_BUCKET) as server:
        (server.bucket / "good.png").write_bytes(dark())
        (server.bucket / "bad.png").write_bytes(bright())
        sweeper = sweeper_of(coordinator, server, tmp_path)
        where = ("--s3-endpoint", server.host_url, "--s3-virtual-host")
        swept = await sweeper.run(f"s3://{HOST_BUCKET}", "--purge", *where)
        assert (swept.code, swept.end["done"], swept.end["kept"]) == (ExitCode.FOUND, 2, 0)
        assert server.keys() == {"good.png"}
        refused = await sweeper.run(f"s3://{HOST_BUCKET}", "--s3-endpoint", server.url, "--s3-virtual-host")
        assert (refused.code, "--s3-virtual-host" in refused.words) == (ExitCode.BAD_CONFIGURATION, True)


async def test_sweep_of_a_bucket_saves_downloads(coordinator: Coordinator, tmp_path: Path) -> None:
    """Objects whose ETag did not change are not read again; one that did is."""
    async with S3Server(tmp_path) as server, HttpFaults(server.port) as proxy:
        await server.put({str(number): dark() for number in range(10)})
        sweeper = sweeper_of(coordinator, server, tmp_path)
        sweeper.variables["AWS_ENDPOINT_URL"] = proxy.url
        await sweeper.run(SOURCE)
        first, proxy.requests = proxy.requests, 0
        await server.put({"3": bright()})
        swept = await sweeper.run(SOURCE, "--all")
        assert swept.end["found"] == 1
        assert first >= 10 > 5 > proxy.requests


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_sweep_of_a_failing_bucket_misses_nothing(coordinator: Coordinator, tmp_path: Path) -> None:
    """Of 2,000 objects with 37 planted, through faults and two kills, exactly these are found, none twice."""
    pictures = [dark() for _ in range(50)]
    planted = {f"{number % 10}/{number}" for number in range(11, 2000, 54)}
    async with S3Server(tmp_path) as server:
        keys = {f"{number % 10}/{number}": number for number in range(2000)}
        await server.put(
            {
                key: bright() if key in planted else pictures[number % 50] + str(number).encode()
                for key, number in keys.items()
            }
        )
        sweeper = sweeper_of(coordinator, server, tmp_path)
        async with HttpFaults(server.port, share=0.05) as proxy:
            sweeper.variables["AWS_ENDPOINT_URL"] = proxy.url
            for done in (300, 900):
                async with sweeper.started("sweep run", SOURCE, "--json", "--limit-rate", "250") as process:
                    async for line in json_lines(process):
                        if line["event"] == "progress" and line["done"] >= done:
                            break
                    process.send_signal(signal.SIGKILL)
                    await process.wait()
            swept = await sweeper.run(SOURCE)
            assert proxy.faults > 50
        assert (swept.end["done"], swept.end["failed"], swept.end["found"]) == (2000, 0, 37)
        assert paths(await sweeper.report(SOURCE)) == planted


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, ExitCode.NOT_REACHED, "AWS_SECRET_ACCESS_KEY"),
        ({"AWS_ACCESS_KEY_ID": ""}, ExitCode.BAD_CONFIGURATION, "AWS_ACCESS_KEY_ID"),
    ],
)
async def test_sweep_of_a_bucket_that_is_closed_says_so(
    coordinator: Coordinator, tmp_path: Path, change: dict[str, str], code: ExitCode, sentence: str
) -> None:
    """Wrong or missing credentials end the sweep with a sentence that names the variables."""
    async with S3Server(tmp_path) as server:
        sweeper = sweeper_of(coordinator, server, tmp_path)
        sweeper.variables |= change
        swept = await sweeper.run(SOURCE)
        assert (swept.code, sentence in swept.words) == (code, True)


async def test_sweep_of_a_bucket_that_is_not_there_says_so(coordinator: Coordinator, tmp_path: Path) -> None:
    """A bucket that does not exist ends the sweep with a sentence."""
    async with S3Server(tmp_path) as server:
        sweeper = sweeper_of(coordinator, server, tmp_path)
        swept = await sweeper.run("s3://nothing-here")
        assert (swept.code, "no bucket nothing-here" in swept.words) == (ExitCode.NOT_REACHED, True)


async def test_listing_passes_over_what_mastodon_stored_earlier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since a time, old numbers are not even listed; what came since then is, and what tells nothing of its time."""
    s3.require()
    since_s = time.time()
    old = [f"{numbered(since_s - 1e8 - number)}original/x.png" for number in range(2500)]
    told = {f"{numbered(since_s)}original/x.png", "cache/" + old[0], "accounts/avatars/1/x.png", "zebra.png"}
    async with S3Server(tmp_path) as server:
        await server.put(dict.fromkeys([*old, *told], b"x"))
        for name, value in server.variables_of_callers.items():
            monkeypatch.setenv(name, value)
        async with HttpFaults(server.port) as proxy:
            source = S3(BUCKET, "", endpoint=proxy.url)
            assert len([item async for batch in source.listing() for item in batch]) == len(old) + len(told)
            whole, proxy.requests = proxy.requests, 0
            found = {item.place.decode() async for batch in source.listing(since_s - 60) for item in batch}
    assert told <= found
    # What travels with the first of them is not thrown away.
    assert len(found - told) <= BATCH
    assert proxy.requests < whole


def numbered(at_s: float) -> str:
    """Return the folder of a picture that Mastodon's own user uploaded at a time."""
    digits = f"{int(at_s * 1e3) << 16:018d}"
    return "media_attachments/files/" + "".join(f"{digits[at : at + 3]}/" for at in range(0, 18, 3))
