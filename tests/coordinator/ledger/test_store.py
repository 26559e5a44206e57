"""The file of a ledger as its connections have it."""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path

import aiosqlite
import pytest

from coordinator.ledger.ledger import Ledger
from tests.coordinator.ledger.making import file_in, judged, sha


async def test_store_stamps_its_log_when_others_see_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written long before others see it, as on a slow disk, is told from what was there before."""
    log = tmp_path / "ledger.sqlite-wal"
    commit = aiosqlite.Connection.commit

    async def commit_slowly(connection: aiosqlite.Connection) -> None:
        await commit(connection)
        os.utime(log, (0, 0))

    monkeypatch.setattr(aiosqlite.Connection, "commit", commit_slowly)
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1))
        await ledger.flushed()
        assert log.stat().st_mtime > 0


async def test_store_writes_no_values_into_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not even at the lowest level, and nothing of the driver's."""
    caplog.set_level(logging.DEBUG)
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1))
        await ledger.flushed()
    assert [record.name for record in caplog.records if record.name.startswith(("aiosqlite", "sqlalchemy"))] == []
    assert sha(1) not in caplog.text


async def test_store_of_a_restored_file_has_a_log(tmp_path: Path) -> None:
    """A copy is of another mode, in which whoever reads keeps others from writing; here it gets the usual one."""
    path = file_in(tmp_path)
    async with Ledger(path):
        pass
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)
    connection.close()
    async with Ledger(path) as ledger:
        ledger.remember(judged(1))
        await ledger.flushed()
        assert path.with_name("ledger.sqlite-wal").exists()
