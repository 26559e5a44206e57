"""A ledger that cannot be written for a while, under load: real processes, a real scanner, and uploads as ever."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path

import pytest

from tests.coordinator.ledger.making import file_in
from tests.end_to_end.away import EVERY, Away
from tests.end_to_end.caller import Answer, upload
from tests.end_to_end.pictures import DARK, bright, dark, picture
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.waiting import until

DEADLINE_MS = 4000
EVERY_S = 0.1
BODY_MEMORY = 200_000
"""Less than some uploads have: nobody can look at those."""

WRITTEN_S = 30.0
"""Longest that what waited may take to be written: issue "The ledger"."""

Expected = tuple[int, str]
CLEAN, FLAGGED, UNSEEN = (200, "clean"), (406, "flagged"), (200, "overloaded")


@pytest.mark.parametrize(
    "away", [EVERY[0], *(pytest.param(away, marks=pytest.mark.slow) for away in EVERY[1:])], ids=str
)
async def test_away_for_seconds(tmp_path: Path, away: Away) -> None:
    """Uploads are looked at and answered in time all the while; all that was found is written within 30 s after."""
    if lack := away.lack(tmp_path):
        pytest.skip(f"{away} {lack}")
    await endured(tmp_path, away, seconds=6)


@pytest.mark.slow
async def test_away_for_a_minute(tmp_path: Path) -> None:
    """The same for 60 s, in every way that this machine allows, at once."""
    possible = [away for away in EVERY if not away.lack(tmp_path)]
    async with asyncio.TaskGroup() as group:
        for away in possible:
            (tmp_path / away.name).mkdir()
            group.create_task(endured(tmp_path / away.name, away, seconds=60))


async def endured(folder: Path, away: Away, *, seconds: int) -> None:
    """Upload at a steady rate while the ledger is away, and see that nothing is late, wrong or missing."""
    c = Coordinator(folder, deadline_ms=DEADLINE_MS, body_memory=BODY_MEMORY)
    with away.place(c.data_dir):
        async with c, Scanner(c, "one"):
            offered = endless()
            answers = await sent(c, offered, seconds=1)
            with away.strike(c.data_dir):
                answers += await sent(c, offered, seconds=seconds)
                await c.logged(f"The ledger cannot be used now: {away.reason}")
            await until(lambda: written(c) == owed(answers), within_s=WRITTEN_S, what="all is in the ledger")
            await c.logged("the ledger can be written again")
            answers += await sent(c, offered, seconds=1)
            await until(lambda: written(c) == owed(answers), within_s=WRITTEN_S, what="what came after is there, too")
            assert await c.stop() == 0
    assert {(a.status, a.outcome) for _, a in answers} == {CLEAN, FLAGGED, UNSEEN}
    assert [(expected, a) for expected, a in answers if (a.status, a.outcome) != expected] == []
    assert max(a.ms["total"] for _, a in answers) < DEADLINE_MS


def endless() -> Iterator[tuple[Expected, bytes]]:
    """Yield pictures, each only once, and how they must be answered."""
    for expected in cycle((CLEAN, FLAGGED, CLEAN, UNSEEN, CLEAN)):
        if expected == UNSEEN:
            yield expected, picture(DARK, padding_bytes=2 * BODY_MEMORY)
        else:
            yield expected, bright() if expected == FLAGGED else dark()


async def sent(
    c: Coordinator, offered: Iterator[tuple[Expected, bytes]], *, seconds: int
) -> list[tuple[Expected, Answer]]:
    """Upload at a steady rate, whatever became of those before; return what was to come, and what came."""
    answers: list[tuple[Expected, Answer]] = []

    async def one(expected: Expected, body: bytes) -> None:
        answers.append((expected, await upload(c, body)))

    async with asyncio.TaskGroup() as group:
        for _ in range(round(seconds / EVERY_S)):
            group.create_task(one(*next(offered)))
            await asyncio.sleep(EVERY_S)
    return answers


def owed(answers: list[tuple[Expected, Answer]]) -> dict[str, set[str]]:
    """Return the pictures that must stand in each table after these answers."""
    hashes: dict[Expected, set[str]] = {CLEAN: set(), FLAGGED: set(), UNSEEN: set()}
    for expected, answer in answers:
        hashes[expected].add(answer.report["sha256"])
    return {"verdicts": hashes[CLEAN] | hashes[FLAGGED], "debts": hashes[UNSEEN], "audit": hashes[FLAGGED]}


def written(c: Coordinator) -> dict[str, set[str]]:
    """Return the pictures that stand in each table."""
    tables = ("verdicts", "debts", "audit")
    with closing(sqlite3.connect(f"{file_in(c.data_dir).as_uri()}?mode=ro", uri=True)) as connection:
        return {
            table: {sha256 for (sha256,) in connection.execute(f"SELECT lower(hex(sha256)) FROM {table}")}
            for table in tables
        }
