"""Backups are whole, private, and can be restored."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.ledger.copying import back_up
from coordinator.ledger.errors import LedgerFault
from coordinator.ledger.ledger import Ledger
from tests.coordinator.ledger.making import WAY, debt, file_in, judged, sha, soon


async def test_copying_while_it_is_written_and_restored(tmp_path: Path) -> None:
    """A backup of a ledger in use is whole, holds all that was there before it began, and opens where it is put."""
    target, restored = tmp_path / "backup.sqlite", tmp_path / "restored" / "ledger.sqlite"
    async with Ledger(file_in(tmp_path)) as ledger:
        for number in range(300):
            ledger.remember(judged(number))
        await ledger.debts.owe(debt(1), deadline_s=soon())
        await ledger.flushed()
        copying = asyncio.create_task(asyncio.to_thread(back_up, file_in(tmp_path), target))
        for number in range(300, 600):
            ledger.remember(judged(number))
        await copying
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    restored.parent.mkdir()
    target.rename(restored)
    async with Ledger(restored) as ledger:
        assert None not in [await ledger.look_up(sha(number), WAY) for number in range(300)]
        assert (await ledger.debts.debt_counts()).open == 1


async def test_copying_refuses_to_overwrite(tmp_path: Path) -> None:
    """A file that exists is not touched."""
    async with Ledger(file_in(tmp_path)):
        pass
    target = tmp_path / "backup.sqlite"
    target.write_bytes(b"precious")
    with pytest.raises(LedgerFault, match=r"backup\.sqlite exists already; choose another name\.$"):
        back_up(file_in(tmp_path), target)
    assert target.read_bytes() == b"precious"


async def test_copying_into_nowhere(tmp_path: Path) -> None:
    """A folder that does not exist is one sentence."""
    async with Ledger(file_in(tmp_path)):
        pass
    with pytest.raises(LedgerFault, match=r"No such file or directory\.$"):
        back_up(file_in(tmp_path), tmp_path / "nowhere" / "backup.sqlite")


def test_copying_nothing(tmp_path: Path) -> None:
    """Without a ledger there is nothing to copy, and none is made."""
    with pytest.raises(LedgerFault, match=r"does not exist; FEDIWARD_DATA_DIR says where the ledger is\.$"):
        back_up(file_in(tmp_path), tmp_path / "backup.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_copying_damaged(tmp_path: Path) -> None:
    """A damaged ledger is one sentence, and no half copy is left."""
    file_in(tmp_path).write_bytes(b"\xa5" * 9000)
    with pytest.raises(LedgerFault, match="not a database"):
        back_up(file_in(tmp_path), tmp_path / "backup.sqlite")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]
