"""Debts: pictures that were accepted unseen, each to be looked at later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from coordinator.judge.outcomes import Outcome
from coordinator.ledger.tables import debts
from coordinator.ledger.times import from_seconds, to_seconds

if TYPE_CHECKING:
    from coordinator.ledger.store import Store
    from coordinator.ledger.writer import Statements, Writer

Row: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Debt:
    """A picture that was accepted although nobody looked at it."""

    sha256: str
    """In hex, of the bytes that the caller sent; pict-rs stores the same bytes."""
    size_bytes: int
    media_type: str
    """As the caller named it; may be empty. The bytes need not agree."""
    outcome: Outcome
    at: datetime

    @property
    def key(self) -> None:
        """It is not looked for."""
        return

    @property
    def size_in_memory_bytes(self) -> int:
        """Roughly what it takes while it waits to be written."""
        return 300

    def statements(self) -> Statements:
        """Say what is to be written: the same picture accepted again is the same debt, due at once, by a new id."""
        at = to_seconds(self.at)
        yield (
            _OWE,
            {
                "sha256": bytes.fromhex(self.sha256),
                "size_bytes": self.size_bytes,
                "media_type": self.media_type,
                "outcome": str(self.outcome),
                "at": at,
                "due": at,
                "tries": 0,
                "reason": "",
            },
        )


@dataclass(frozen=True, slots=True)
class OpenDebt:
    """A debt that is not settled yet."""

    id: int
    """Another one each time that the picture is accepted unseen: what was found out before does not settle it."""
    debt: Debt
    due: datetime
    """Not to be tried before."""
    tries: int
    """How often it was postponed in a row for the same cause."""
    reason: str
    """Why it was postponed last; empty at first."""


@dataclass(frozen=True, slots=True)
class DebtCounts:
    """How many debts are open, and since when."""

    open: int
    oldest: datetime | None


class Debts:
    """Write down, list and settle debts. All methods but `owe` raise LedgerError when the database cannot be used."""

    def __init__(self, store: Store, writer: Writer) -> None:
        self._store = store
        self._writer = writer

    async def owe(self, debt: Debt, *, deadline_s: float) -> None:
        """Return once a debt is on the disk, so that a 200 may be sent; `deadline_s` is in the running loop's time.

        Raises LedgerUnavailable when that does not happen in time. The debt then still waits, and is written as soon as
        the database can be used.
        """
        await self._writer.commit(debt, deadline_s=deadline_s)

    async def open_debts(self, *, limit: int, due_before: datetime) -> tuple[OpenDebt, ...]:
        """Return open debts that are due, those that have waited longest first."""
        statement = (
            select(debts)
            .where(debts.c.settled.is_(None), debts.c.due <= to_seconds(due_before))
            .order_by(debts.c.due, debts.c.id)
            .limit(limit)
        )
        return await self._fetch(statement)

    async def all_open(self, *, limit: int) -> tuple[OpenDebt, ...]:
        """Return open debts, due or not, the oldest first."""
        return await self._fetch(select(debts).where(debts.c.settled.is_(None)).order_by(debts.c.at).limit(limit))

    async def open_debts_of(self, sha256: str) -> tuple[OpenDebt, ...]:
        """Return the open debts of one picture, due or not: for a result that came late."""
        return await self._fetch(
            select(debts).where(debts.c.settled.is_(None), debts.c.sha256 == bytes.fromhex(sha256))
        )

    async def settle_debt(self, id: int, how: str, *, at: datetime) -> bool:
        """Close a debt and say in one word how, such as `clean` or `purged`.

        False when it was closed, or owed anew, since it was read.
        """
        statement = (
            update(debts)
            .where(debts.c.id == id, debts.c.settled.is_(None))
            .values(settled=to_seconds(at), how=str(how)[:40], reason="")
        )
        async with self._store.writing() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def postpone(self, id: int, *, until: datetime, tries: int, reason: str) -> bool:
        """Put off a debt; keep how often that was for this cause, and why, in words without content.

        False when it was closed, or owed anew, since it was read; it is then left as it is.
        """
        statement = (
            update(debts)
            .where(debts.c.id == id, debts.c.settled.is_(None))
            .values(due=to_seconds(until), tries=tries, reason=reason[:200])
        )
        async with self._store.writing() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def debt_counts(self) -> DebtCounts:
        """Count the open debts and say since when the oldest is open."""
        statement = select(func.count(), func.min(debts.c.at)).where(debts.c.settled.is_(None))
        async with self._store.reading() as connection:
            count, oldest = (await connection.execute(statement)).one()
        return DebtCounts(count, None if oldest is None else from_seconds(oldest))

    async def _fetch(self, statement: Any) -> tuple[OpenDebt, ...]:
        async with self._store.reading() as connection:
            rows: Sequence[Row] = (await connection.execute(statement)).all()
        return tuple(_open_debt(row) for row in rows)


def _open_debt(row: Row) -> OpenDebt:
    debt = Debt(row.sha256.hex(), row.size_bytes, row.media_type, Outcome(row.outcome), from_seconds(row.at))
    return OpenDebt(row.id, debt, from_seconds(row.due), row.tries, row.reason)


def _owe() -> Any:
    names = ("sha256", "size_bytes", "media_type", "outcome", "at", "due", "tries", "reason")
    statement = insert(debts).values({name: bindparam(name) for name in names})
    # A look may have read the debt, and be about to settle it by what it found before.
    new_id = select(func.max(debts.c.id) + 1).scalar_subquery()
    return statement.on_conflict_do_update(
        index_elements=[debts.c.sha256, debts.c.media_type],
        index_where=and_(debts.c.settled.is_(None)),
        set_={"id": new_id, "due": statement.excluded.due, "tries": 0, "reason": ""},
    )


_OWE = _owe()
