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
from coordinator.ledger.schema import prepare
from tests.coordinator.ledger.breaking import break_inside
from tests.coordinator.ledger.holding import committed_to_without_pause
from tests.coordinator.ledger.making import WAY, debt, file_in, judged, sha, soon

ENDS_S = 30.0
"""A bound for what must end at all."""


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


async def test_copying_ends_while_it_is_written_without_pause(tmp_path: Path) -> None:
    """A backup of a large ledger ends though others commit all the time, and holds what was there."""
    target = tmp_path / "backup.sqlite"
    prepare(file_in(tmp_path))
    with closing(sqlite3.connect(file_in(tmp_path))) as connection, connection:
        connection.executemany(
            "INSERT INTO audit (at, what, who, details) VALUES (0, 'test', 'me', hex(randomblob(?)))", [(2**19,)] * 48
        )
    copying = asyncio.create_task(asyncio.to_thread(back_up, file_in(tmp_path), target))
    with committed_to_without_pause(file_in(tmp_path)):
        await asyncio.wait({copying}, timeout=ENDS_S)
        has_ended = copying.done()
    # Without anybody who writes it ends in any case.
    await copying
    assert has_ended
    assert target.stat().st_size > 48 * 2**20
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM audit WHERE length(details) = ?", (2**20,)).fetchone() == (48,)


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
    """What is no ledger any more is one sentence that names it, and no half copy is left."""
    file_in(tmp_path).write_bytes(b"\xa5" * 9000)
    with pytest.raises(LedgerFault, match=r"ledger\.sqlite is not a database; restore a backup"):
        back_up(file_in(tmp_path), tmp_path / "backup.sqlite")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize("table", ["decisions", "due_debts"])
def test_copying_damaged_in_the_middle(tmp_path: Path, table: str) -> None:
    """Damage behind a sound header, of a table or an index, is found as well: nothing is left to pass for a backup."""
    prepare(file_in(tmp_path))
    break_inside(file_in(tmp_path), table)
    before = file_in(tmp_path).read_bytes()
    with pytest.raises(LedgerFault, match=r"ledger\.sqlite is damaged; restore a backup, or move it away"):
        back_up(file_in(tmp_path), tmp_path / "backup.sqlite")
    assert not [path for path in tmp_path.iterdir() if "backup" in path.name]
    assert file_in(tmp_path).read_bytes() == before
