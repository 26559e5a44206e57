"""Decisions of admins and lists about single pictures, kept in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from coordinator.ledger.also_listed import forget_others, note_others, pass_on
from coordinator.ledger.audit import Entry, What
from coordinator.ledger.decision import Decision
from coordinator.ledger.likenesses import Listed, add_listed, adopt, drop, drop_orphans, note_change
from coordinator.ledger.store import Store
from coordinator.ledger.tables import audit, blocked_likenesses, decisions, likenesses, scores, verdicts
from coordinator.ledger.times import from_seconds, to_seconds

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision about one picture."""

    sha256: str
    decision: Decision
    who: str
    at: datetime
    note: str = ""
    source: str = ""
    """The list that it comes from; empty for an admin's own, which no list overrides."""

    def row(self) -> dict[str, Any]:
        """Return the decision as a row of the table."""
        return {
            "sha256": bytes.fromhex(self.sha256),
            "decision": str(self.decision),
            "source": self.source,
            "who": self.who,
            "note": self.note,
            "at": to_seconds(self.at),
        }


class Decisions:
    """Take, take back and list decisions, each with an entry in the audit.

    A coordinator that runs knows of them from its next upload on. All methods raise LedgerError when the database
    cannot be used; nothing has changed then.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def decide(self, *decided: Decided) -> None:
        """Allow or block pictures, whatever was decided before; all of them or none."""
        entries = [
            Entry(What.DECISION, one.at, one.who, one.sha256, {"decision": one.decision, "note": one.note})
            for one in decided
        ]
        async with self._store.writing() as connection:
            await connection.execute(_REPLACE, [one.row() for one in decided])
            await connection.execute(audit.insert(), [entry.row() for entry in entries])
            removed = 0
            for one in decided:
                content = bytes.fromhex(one.sha256)
                if one.decision is Decision.BLOCK:
                    await adopt(connection, content)
                else:
                    removed += await drop(connection, blocked_likenesses.c.sha256 == content)
            await note_change(connection, removed=removed)

    async def forget(self, *pictures: str, who: str, at: datetime) -> tuple[str, ...]:
        """Forget what was decided and judged about pictures, all of it or nothing. Audit and debts stay.

        Return those about which nothing was; nothing is forgotten then.
        """
        async with self._store.writing() as connection:
            unknown = [one for one in pictures if not await _forget(connection, one, who, at)]
            if unknown:
                await connection.rollback()
        return tuple(unknown)

    async def forget_list(self, source: str, *, who: str, at: datetime) -> tuple[int, int]:
        """Forget all decisions and likenesses that came from a list; return how many.

        Those that are on another list, or an admin's own, stay: return how many of these it had as well.
        """
        async with self._store.writing() as connection:
            kept = await pass_on(connection, source)
            found = (await connection.execute(delete(decisions).where(decisions.c.source == source))).rowcount
            await adopt(connection)
            removed = await drop_orphans(connection)
            listed = await drop(connection, (blocked_likenesses.c.source == source) & _IS_LISTED)
            found += listed
            if found or kept:
                await note_change(connection, removed=removed + listed)
                details = {"decision": "forget", "source": source, "count": found, "kept": kept}
                await connection.execute(audit.insert(), [Entry(What.DECISION, at, who, "", details).row()])
        return found, kept

    async def forget_likeness(self, pdq: bytes, *, who: str, at: datetime) -> bool:
        """Forget a likeness that came from a list; False when there is none."""
        async with self._store.writing() as connection:
            found = await drop(connection, (blocked_likenesses.c.pdq == pdq) & _IS_LISTED)
            if found:
                await forget_others(connection, pdq, is_pdq=True)
                await note_change(connection, removed=found)
                details = {"decision": "forget", "pdq": pdq.hex()}
                await connection.execute(audit.insert(), [Entry(What.DECISION, at, who, "", details).row()])
        return bool(found)

    async def add_list(
        self, decided: Sequence[Decided], listed: Sequence[Listed] = (), *, who: str, at: datetime, source: str = ""
    ) -> int:
        """Add many decisions and likenesses, all or none; those about what was decided before change nothing.

        That a list has what another has, too, is kept for when that one is forgotten. Return how many were new.
        """
        if not decided and not listed:
            return 0
        async with self._store.writing() as connection:
            new = await add_listed(connection, listed)
            if decided:
                before = (await connection.execute(_COUNT)).scalar_one()
                await connection.execute(_ADD, [one.row() for one in decided])
                new += int((await connection.execute(_COUNT)).scalar_one() - before)
                await adopt(connection)
            if new < len(decided) + len(listed):
                await note_others(connection, decided, listed)
            await note_change(connection)
            details = {"decision": "import", "source": source, "count": new}
            await connection.execute(audit.insert(), [Entry(What.DECISION, at, who, "", details).row()])
        return new

    async def of(self, sha256: str) -> Decided | None:
        """Return what was decided about a picture."""
        statement = select(decisions).where(decisions.c.sha256 == bytes.fromhex(sha256))
        async with self._store.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _decided(row)

    async def all(self) -> tuple[Decided, ...]:
        """Return all decisions, in the order of the hashes."""
        async with self._store.reading() as connection:
            rows = (await connection.execute(select(decisions).order_by(decisions.c.sha256))).all()
        return tuple(map(_decided, rows))


def _decided(row: Row[Any]) -> Decided:
    return Decided(row.sha256.hex(), Decision(row.decision), row.who, from_seconds(row.at), row.note, row.source)


async def _forget(connection: AsyncConnection, sha256: str, who: str, at: datetime) -> bool:
    content = bytes.fromhex(sha256)
    found = 0
    for table in (scores, verdicts, decisions, likenesses):
        found += (await connection.execute(delete(table).where(table.c.sha256 == content))).rowcount
    removed = await drop(connection, blocked_likenesses.c.sha256 == content)
    await forget_others(connection, content, is_pdq=False)
    await note_change(connection, removed=removed)
    await connection.execute(audit.insert(), [Entry(What.DECISION, at, who, sha256, {"decision": "forget"}).row()])
    return bool(found)


_IS_LISTED = blocked_likenesses.c.sha256.is_(None)
_REPLACE_BASE = insert(decisions)
_REPLACE = _REPLACE_BASE.on_conflict_do_update(
    index_elements=[decisions.c.sha256],
    set_={name: _REPLACE_BASE.excluded[name] for name in ("decision", "source", "who", "note", "at")},
)
_ADD = insert(decisions).on_conflict_do_nothing()
_COUNT = select(func.count()).select_from(decisions)
