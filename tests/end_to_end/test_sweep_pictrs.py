"""Sweeps of a real pict-rs, and of its store behind it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.exit_codes import ExitCode
from tests.end_to_end import pictrs, s3
from tests.end_to_end.pictrs import API_KEY, PictRs
from tests.end_to_end.pictures import bright, broken, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.s3 import BUCKET, S3Server
from tests.end_to_end.sweeping import Sweeper, json_lines, paths

pytestmark = [pytest.mark.pictrs, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def coordinator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Coordinator]:
    """One coordinator with a scanner for the tests of this file."""
    pictrs.require()
    async with Coordinator(tmp_path_factory.mktemp("sweeps")) as coordinator, Scanner(coordinator, "one"):
        yield coordinator


def sweeper_of(coordinator: Coordinator, store: PictRs, folder: Path) -> Sweeper:
    """Return who sweeps a pict-rs."""
    name = f"for-{folder.name[-20:]}"
    return Sweeper(coordinator, name=name, pictrs_url=store.url, pictrs_api_key=API_KEY)


def purges_in_log(coordinator: Coordinator, caller: str) -> list[tuple[str, dict[str, Any]]]:
    """Return what the coordinator wrote down of the removals of a sweep: hash and details."""
    with closing(sqlite3.connect(coordinator.data_dir / "ledger.sqlite")) as ledger:
        query = "SELECT lower(hex(sha256)), details FROM audit WHERE what = 'purge' AND who = ?"
        return [(sha256, json.loads(details)) for sha256, details in ledger.execute(query, (caller,))]


async def aliases_of(store: PictRs, *contents: bytes) -> list[str]:
    """Upload pictures; return their aliases."""
    answers = [await store.upload(content) for content in contents]
    return [answer.json()["files"][0]["file"] for answer in answers]


async def test_sweep_purges_what_pictrs_keeps(coordinator: Coordinator, tmp_path: Path) -> None:
    """What is found is purged with all its aliases, which the report names; everything else can still be had."""
    async with PictRs(tmp_path, validation=None) as store:
        good = await aliases_of(store, *(dark() for _ in range(130)), broken())
        content = bright()
        bad = await aliases_of(store, content, content, bright())
        sweeper = sweeper_of(coordinator, store, tmp_path)
        reported = await sweeper.run("pictrs://")
        assert (reported.code, reported.end["done"], reported.end["found"]) == (ExitCode.FOUND, 133, 2)
        assert len(await store.hashes()) == 100
        purged = await sweeper.run("pictrs://", "--all", "--purge")
        assert (purged.code, purged.end["remembered"], purged.end["kept"]) == (ExitCode.FOUND, 132, 0)
        rows = [row for row in await sweeper.report("pictrs://") if row["outcome"] == "flagged"]
        assert {row["action"] for row in rows} == {"removed"}
        assert sorted(alias for row in rows for alias in row["aliases"]) == sorted(bad)
        assert [(await store.original(alias)).status_code for alias in bad] == [404, 404, 404]
        assert {(await store.original(alias)).status_code for alias in good} == {200}
        entries = purges_in_log(coordinator, sweeper.name)
        assert sorted(sha256 for sha256, _ in entries) == sorted(row["sha256"] for row in rows)
        assert {details["state"] for _, details in entries} == {"gone"}
        assert sorted(alias for _, details in entries for alias in details["aliases"]) == sorted(bad)


async def test_sweep_every_while_finds_what_is_new(coordinator: Coordinator, tmp_path: Path) -> None:
    """A sweep that goes on finds and purges a picture soon after it came, and looks at nothing else again."""
    async with PictRs(tmp_path, validation=None) as store:
        await aliases_of(store, dark(), dark())
        sweeper = sweeper_of(coordinator, store, tmp_path)
        async with (
            sweeper.started("sweep run", "pictrs://", "--json", "--every", "1s", "--purge") as process,
            asyncio.timeout(60),
        ):
            lines = json_lines(process)
            async for line in lines:
                if line["event"] == "end":
                    assert line["done"] == 2
                    break
            (alias,) = await aliases_of(store, bright())
            async for line in lines:
                if line["event"] == "file":
                    assert (line["action"], line["aliases"]) == ("removed", [alias])
                    break
        assert (await store.original(alias)).status_code == 404


async def test_sweep_says_when_pictrs_removes_nothing(coordinator: Coordinator, tmp_path: Path) -> None:
    """A pict-rs that is read-only keeps what is found; the report says why, and the next sweep removes it."""
    async with PictRs(tmp_path, validation=None) as store:
        (alias,) = await aliases_of(store, bright())
        await store.stop()
    async with PictRs(tmp_path, validation=None, others={"server__read_only": "true"}, home=store.home) as store:
        sweeper = sweeper_of(coordinator, store, tmp_path)
        swept = await sweeper.run("pictrs://", "--purge")
        assert (swept.code, swept.end["kept"]) == (ExitCode.FOUND, 1), swept.output
        (row,) = await sweeper.report("pictrs://")
        assert (row["action"], row["aliases"]) == ("kept", [alias])
        assert "read-only" in row["reason"]
        assert (await store.original(alias)).status_code == 200
    async with PictRs(tmp_path, validation=None, home=store.home, name="again") as again:
        sweeper.settings["pictrs_url"] = again.url
        # The same store, whose state is named by its address.
        state = next((sweeper.data_dir / "sweeps").glob("*.sqlite"))
        swept = await sweeper.run("pictrs://", "--purge", "--state", state)
        assert (swept.code, swept.end["found"], swept.end["kept"]) == (ExitCode.FOUND, 1, 0)
        assert (await again.original(alias)).status_code == 404


async def test_sweep_of_the_store_behind_pictrs_removes_through_it(coordinator: Coordinator, tmp_path: Path) -> None:
    """Swept as a folder, the store is emptied of what is found by pict-rs itself, which then takes it anew."""
    async with PictRs(tmp_path, validation=None) as store:
        content = bright()
        good, bad = await aliases_of(store, dark(), content)
        sweeper = sweeper_of(coordinator, store, tmp_path)
        swept = await sweeper.run(store.store, "--pictrs-store", "--purge")
        assert (swept.code, swept.end["kept"]) == (ExitCode.FOUND, 0)
        rows = await sweeper.report(store.store)
        assert len(paths(rows)) == 1
        assert [(row["action"], row["aliases"], row["known_as"]) for row in rows] == [
            ("removed", [bad], "pict-rs identifier")
        ]
        assert (await store.original(bad)).status_code == 404
        assert (await store.original(good)).status_code == 200
        (again,) = await aliases_of(store, content)
        assert (await store.original(again)).content == content
        # A store whose folders are named by time: old ones are not even read.
        later = await sweeper.run(store.store, "--pictrs-store", "--since", "1h")
        assert later.end["found"] == 1


@pytest.mark.s3
@pytest.mark.slow
async def test_sweep_of_the_bucket_behind_pictrs_removes_through_it(coordinator: Coordinator, tmp_path: Path) -> None:
    """Swept as a bucket, pict-rs's own store is emptied by pict-rs; what is only reported has its aliases named."""
    s3.require()
    async with S3Server(tmp_path) as server:
        variables = server.variables_of_callers
        bucket = {
            "store__type": "object_storage",
            "store__endpoint": server.url,
            "store__use_path_style": "true",
            "store__bucket_name": BUCKET,
            "store__region": "us-east-1",
            "store__access_key": variables["AWS_ACCESS_KEY_ID"],
            "store__secret_key": variables["AWS_SECRET_ACCESS_KEY"],
        }
        async with PictRs(tmp_path, validation=None, others=bucket) as store:
            good, bad = await aliases_of(store, dark(), bright())
            sweeper = sweeper_of(coordinator, store, tmp_path)
            sweeper.variables = variables | {"AWS_ENDPOINT_URL": server.url}
            source = f"s3://{BUCKET}"
            reported = await sweeper.run(source, "--pictrs-store")
            assert (reported.end["found"], reported.end["failed"]) == (1, 0)
            assert [row["aliases"] for row in await sweeper.report(source) if row["outcome"] == "flagged"] == [[bad]]
            # It takes up what was reported, and reads of the bucket only what is new.
            purged = await sweeper.run(source, "--pictrs-store", "--purge", "--since", "1h")
            assert (purged.code, purged.end["kept"]) == (ExitCode.FOUND, 0)
            assert [row["action"] for row in await sweeper.report(source) if row["outcome"] == "flagged"] == ["removed"]
            assert [(await store.original(alias)).status_code for alias in (good, bad)] == [200, 404]
            later = datetime.now(UTC) + timedelta(days=1)
            assert (await sweeper.run(source, "--pictrs-store", "--since", later.isoformat())).end["done"] == 0


async def test_sweep_of_pictrs_with_a_wrong_key_says_so(coordinator: Coordinator, tmp_path: Path) -> None:
    """A refused key ends the sweep with a sentence that names the setting."""
    async with PictRs(tmp_path, validation=None) as store:
        sweeper = Sweeper(coordinator, name="wrong-key", pictrs_url=store.url, pictrs_api_key="wrong")
        swept = await sweeper.run("pictrs://")
        assert swept.code == ExitCode.NOT_REACHED
        assert "FEDIWARD_PICTRS_API_KEY" in swept.words
