"""The audit: what was rejected, purged and decided, by whom. Entries are added, never changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select

from coordinator.ledger.store import Store
from coordinator.ledger.tables import audit
from coordinator.ledger.times import from_seconds, to_seconds
from coordinator.ledger.writer import Statements


class What(StrEnum):
    """Kinds of entries."""

    REJECTION = "rejection"
    """An upload was rejected, or would have been in shadow mode."""
    LATER_LOOK = "later_look"
    """A picture that was accepted unseen turned out to be flagged or blocked."""
    PURGE = "purge"
    """A stored picture was removed, or could not be."""
    DECISION = "decision"
    """An admin, or a list, decided about a picture, or took that back."""
    CREDENTIAL = "credential"
    """A caller or scanner was added or revoked."""
    SCANNER = "scanner"
    """An admin paused, resumed, drained, disconnected or forgot a scanner, or had it tried."""
    MODE = "mode"
    """An admin changed whether answers count."""
    SWEEP = "sweep"
    """An admin paused, slowed down or stopped a sweep, or let it go on."""


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `details` is plain JSON: words, numbers and lists, nothing of a picture's content."""

    what: What
    at: datetime
    who: str
    sha256: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> None:
        """It is not looked for."""
        return

    @property
    def size_in_memory_bytes(self) -> int:
        """Roughly what it takes while it waits to be written."""
        return 600

    def statements(self) -> Statements:
        """Say what is to be written."""
        yield _ENTRY, self.row()

    def row(self) -> dict[str, Any]:
        """Return the entry as a row of the table."""
        return {
            "at": to_seconds(self.at),
            "what": str(self.what),
            "sha256": bytes.fromhex(self.sha256) or None,
            "who": self.who,
            "details": json.dumps(self.details, sort_keys=True),
        }


class Audit:
    """Add and read entries. Its methods raise LedgerError when the database cannot be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, *entries: Entry) -> None:
        """Write entries, all or none."""
        async with self._store.writing() as connection:
            await connection.execute(_ENTRY, [entry.row() for entry in entries])

    async def entries(
        self,
        *,
        since: datetime | None = None,
        sha256: str = "",
        what: What | None = None,
        limit: int = 1000,
    ) -> tuple[Entry, ...]:
        """Return the newest entries, oldest of them first."""
        statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if since is not None:
            statement = statement.where(audit.c.at >= to_seconds(since))
        if sha256:
            statement = statement.where(audit.c.sha256 == bytes.fromhex(sha256))
        if what is not None:
            statement = statement.where(audit.c.what == str(what))
        async with self._store.reading() as connection:
            rows = (await connection.execute(statement)).all()
        return tuple(map(_entry, reversed(rows)))

    async def count(self, *, since: datetime | None = None) -> int:
        """Return how many entries there are."""
        statement = select(func.count()).select_from(audit)
        if since is not None:
            statement = statement.where(audit.c.at >= to_seconds(since))
        async with self._store.reading() as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def last_id(self) -> int:
        """Return the number of the newest entry, 0 when there is none."""
        async with self._store.reading() as connection:
            return int((await connection.execute(select(func.max(audit.c.id)))).scalar_one() or 0)

    async def after(self, id: int, what: What, *, limit: int = 1000) -> tuple[int, tuple[Entry, ...]]:
        """Return entries of a kind that came after entry `id`, oldest first, and up to which number it was looked."""
        statement = select(audit).where(audit.c.id > id).order_by(audit.c.id).limit(limit)
        async with self._store.reading() as connection:
            rows = (await connection.execute(statement)).all()
        last = rows[-1].id if rows else id
        return last, tuple(_entry(row) for row in rows if row.what == what)


def _entry(row: Any) -> Entry:
    return Entry(What(row.what), from_seconds(row.at), row.who, (row.sha256 or b"").hex(), json.loads(row.details))


_ENTRY = insert(audit)
