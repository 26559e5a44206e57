"""The audit is added to, and never changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from coordinator.ledger.audit import Entry, What
from coordinator.ledger.ledger import Ledger
from tests.coordinator.ledger.making import START, file_in, sha

HOUR = timedelta(hours=1)
ENTRIES = (
    Entry(What.REJECTION, START, "lemmy", sha(1), {"outcome": "flagged", "parts": ["light"]}),
    Entry(What.PURGE, START + HOUR, "fediward", sha(1), {"aliases": ["a.png"]}),
    Entry(What.CREDENTIAL, START + 2 * HOUR, "ann", details={"scanner": "den", "change": "added"}),
)


async def test_audit_comes_back_as_it_was(tmp_path: Path) -> None:
    """Entries come back whole and oldest first; a limit leaves the newest."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.audit.add(*ENTRIES)
        assert await ledger.audit.entries() == ENTRIES
        assert await ledger.audit.entries(limit=2) == ENTRIES[1:]
        assert [await ledger.audit.count(since=since) for since in (None, START + HOUR)] == [3, 2]


async def test_audit_picked(tmp_path: Path) -> None:
    """Entries can be asked for by time, picture and kind."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.audit.add(*ENTRIES)
        assert await ledger.audit.entries(since=START + HOUR) == ENTRIES[1:]
        assert await ledger.audit.entries(sha256=sha(1)) == ENTRIES[:2]
        assert await ledger.audit.entries(what=What.CREDENTIAL) == ENTRIES[2:]


@pytest.mark.parametrize("change", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"])
async def test_audit_refuses_changes(tmp_path: Path, change: str) -> None:
    """The database itself refuses to change or remove an entry."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.audit.add(*ENTRIES)
    with (
        closing(sqlite3.connect(file_in(tmp_path))) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(change)


async def test_audit_is_followed_from_an_entry_on(tmp_path: Path) -> None:
    """Whoever follows it sees each entry of a kind once, and where to go on; nothing new is no entry."""
    async with Ledger(file_in(tmp_path)) as ledger:
        assert await ledger.audit.last_id() == 0
        await ledger.audit.add(*ENTRIES)
        last = await ledger.audit.last_id()
        assert await ledger.audit.after(0, What.PURGE) == (last, ENTRIES[1:2])
        assert await ledger.audit.after(last, What.PURGE) == (last, ())
        await ledger.audit.add(*ENTRIES)
        seen, found = await ledger.audit.after(last, What.PURGE, limit=1)
        assert (seen, found) == (last + 1, ())
        assert (await ledger.audit.after(seen, What.PURGE))[1] == ENTRIES[1:2]
