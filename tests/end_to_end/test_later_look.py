"""Pictures accepted unseen, looked at once a scanner is there: real coordinator, real scanner, real pict-rs."""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from coordinator.dispatch.machine import Machine
from coordinator.hub import Hub
from coordinator.judge.outcomes import Mode, OutcomeTable
from coordinator.steering import Steering
from tests.coordinator.later.scene import picture
from tests.end_to_end.pictrs import API_KEY, PictRs, require
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.sled import drop_delete_token
from tests.end_to_end.waiting import until

pytestmark = [pytest.mark.pictrs]

PAID_S = 60.0


@asynccontextmanager
async def instance(folder: Path, **settings: object) -> AsyncIterator[tuple[Coordinator, PictRs]]:
    """Run a coordinator and a pict-rs that know each other, and no scanner."""
    require()
    coordinator = Coordinator(folder)
    pictrs = PictRs(folder, validation=coordinator.hook_url())
    known = {"pictrs_url": pictrs.url, "pictrs_api_key": API_KEY}
    coordinator.settings = {**coordinator.settings, **known, **settings}
    async with coordinator, pictrs:
        yield coordinator, pictrs


async def upload(pictrs: PictRs, data: bytes) -> str:
    """Store a picture; return its alias."""
    answer = await pictrs.upload(data)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["files"][0]["file"])


async def statuses(pictrs: PictRs, aliases: list[str]) -> list[int]:
    """Ask for each file."""
    return [(await pictrs.original(alias)).status_code for alias in aliases]


def rows(coordinator: Coordinator, query: str) -> list[tuple[object, ...]]:
    """Read the ledger of a coordinator."""
    with closing(sqlite3.connect(coordinator.data_dir / "ledger.sqlite")) as ledger:
        return ledger.execute(query).fetchall()


def open_debts(coordinator: Coordinator) -> int:
    """Count what is still to be looked at."""
    ((count,),) = rows(coordinator, "SELECT count(*) FROM debts WHERE settled IS NULL")
    assert isinstance(count, int)
    return count


async def paid(coordinator: Coordinator) -> None:
    """Wait until no debt is open."""
    await until(lambda: open_debts(coordinator) == 0, within_s=PAID_S, what="all debts are paid")


async def test_later_look_removes_what_a_scanner_flags(tmp_path: Path) -> None:
    """When a scanner comes, the bright picture goes with both its aliases, and the dark one stays."""
    async with instance(tmp_path) as (coordinator, pictrs):
        bright, dark = picture(255, 1), picture(0, 1)
        aliases = [await upload(pictrs, data) for data in (bright, bright, dark)]
        assert open_debts(coordinator) == 2
        async with Scanner(coordinator, "one"):
            await paid(coordinator)
            # Before the scanner goes: that nothing is left is found out at the next look, which waits for one.
            await coordinator.logged("1 clean, 1 purged; 0 left")
        assert await statuses(pictrs, aliases) == [404, 404, 200]
        assert [how for (how,) in rows(coordinator, "SELECT how FROM debts ORDER BY how")] == ["clean", "purged"]
        ((sha256, details),) = rows(coordinator, "SELECT sha256, details FROM audit WHERE what = 'purge'")
        assert sha256 == hashlib.sha256(bright).digest()
        assert set(json.loads(str(details))["aliases"]) == set(aliases[:2])
        assert all(f"/pictrs/image/{alias}" in coordinator.log for alias in aliases[:2])
        assert API_KEY not in coordinator.log


async def test_later_look_survives_kill(tmp_path: Path) -> None:
    """Killed before a scanner came, and again in the middle of paying: in the end exactly the bright ones are gone."""
    async with instance(tmp_path) as (coordinator, pictrs):
        shades = [255 if number % 4 == 0 else 0 for number in range(32)]
        aliases = [await upload(pictrs, picture(shade, number)) for number, shade in enumerate(shades)]
        await coordinator.stop(signal.SIGKILL)
        await coordinator.start()
        assert open_debts(coordinator) == len(aliases)
        async with Scanner(coordinator, "one") as scanner:
            await coordinator.logged("purged sha256", within_s=PAID_S)
            await coordinator.stop(signal.SIGKILL)
            assert open_debts(coordinator) > 0
            before = coordinator.log
            await coordinator.start()
            await coordinator.scanner_ready("one", after=before)
            await paid(coordinator)
            assert scanner.process.poll() is None
        assert await statuses(pictrs, aliases) == [404 if shade else 200 for shade in shades]
        hows = [how for (how,) in rows(coordinator, "SELECT how FROM debts")]
        assert (hows.count("purged"), hows.count("clean"), len(hows)) == (8, 24, 32)


async def test_later_look_waits_for_pictrs(tmp_path: Path) -> None:
    """pict-rs is away when the scanner comes: said once, and made up for when it is back."""
    async with instance(tmp_path) as (coordinator, pictrs):
        alias = await upload(pictrs, picture(255))
        await pictrs.stop()
        async with Scanner(coordinator, "one"):
            await coordinator.logged("pict-rs cannot be reached")
            await pictrs.start()
            await paid(coordinator)
        assert await statuses(pictrs, [alias]) == [404]
        assert coordinator.log.count("pict-rs cannot be reached") == 1


@pytest.mark.parametrize("settings", [{"later_look": "report"}, {"mode": "shadow"}], ids=["report", "shadow"])
async def test_later_look_only_reports(tmp_path: Path, settings: dict[str, str]) -> None:
    """When told to report, and in shadow mode, the bright picture stays and is told."""
    async with instance(tmp_path, **settings) as (coordinator, pictrs):
        alias = await upload(pictrs, data := picture(255))
        async with Scanner(coordinator, "one"):
            await paid(coordinator)
        assert await statuses(pictrs, [alias]) == [200]
        assert f"flagged later: sha256={hashlib.sha256(data).hexdigest()}" in coordinator.log
        assert rows(coordinator, "SELECT how FROM debts") == [("reported",)]
        assert rows(coordinator, "SELECT count(*) FROM audit WHERE what = 'purge'") == [(0,)]


async def test_later_look_with_a_wrong_key(tmp_path: Path) -> None:
    """One sentence says what is wrong; debts stay; live uploads are looked at as ever."""
    async with instance(tmp_path, pictrs_api_key="guessed") as (coordinator, pictrs):
        alias = await upload(pictrs, picture(255))
        async with Scanner(coordinator, "one"):
            await coordinator.logged("pict-rs refuses FEDIWARD_PICTRS_API_KEY")
            assert (await pictrs.upload(picture(255, 1))).status_code == 400
        assert open_debts(coordinator) == 1
        assert await statuses(pictrs, [alias]) == [200]
        assert coordinator.log.count("pict-rs refuses FEDIWARD_PICTRS_API_KEY") == 1


async def test_later_look_without_pictrs_lists_debts(tmp_path: Path) -> None:
    """Without address and key the log says that debts are only listed, and how many there are."""
    async with Coordinator(tmp_path) as coordinator:
        assert "only listed, never looked at later" in coordinator.log
        assert "; 0 accepted unseen" in coordinator.log


@pytest.mark.parametrize(
    ("setting", "chosen", "says"),
    [
        (Mode.ENFORCE, None, "purge if flagged"),
        (Mode.SHADOW, None, "nothing is removed in shadow mode"),
        (Mode.ENFORCE, Mode.SHADOW, "nothing is removed in shadow mode"),
        (Mode.SHADOW, Mode.ENFORCE, "purge if flagged"),
    ],
)
async def test_later_look_says_at_start_what_it_does(
    tmp_path: Path, setting: Mode, chosen: Mode | None, says: str
) -> None:
    """By the mode that counts: one set on the admin page before the start goes before the setting."""
    known = {"pictrs_url": "http://127.0.0.1:9", "pictrs_api_key": API_KEY}
    coordinator = Coordinator(tmp_path, mode=setting, **known)
    if chosen is not None:
        coordinator.data_dir.mkdir(mode=0o700)
        hub = Hub(Machine())
        steering = Steering(coordinator.data_dir / "steering.json", hub=hub, outcomes=OutcomeTable({}, setting))
        await steering.set_mode(chosen, who="anna")
        hub.close()
    async with coordinator:
        assert f"pictures that are accepted unseen are looked at later ({says}); 0 accepted unseen" in coordinator.log


async def test_later_look_at_a_file_with_an_alias_that_cannot_be_purged(tmp_path: Path) -> None:
    """pict-rs passes over an alias without a delete token: the log names it, and the debt stays open."""
    async with instance(tmp_path) as (coordinator, pictrs):
        goes, stays = [await upload(pictrs, picture(255)) for _ in range(2)]
        await pictrs.stop()
        drop_delete_token(pictrs.home, stays)
        await pictrs.start()
        async with Scanner(coordinator, "one"):
            await coordinator.logged("no delete token")
            assert stays in coordinator.log
        assert await statuses(pictrs, [goes, stays]) == [404, 200]
        assert open_debts(coordinator) == 1
