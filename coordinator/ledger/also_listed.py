"""Hashes that are on several lists: they stand under the name of the first, until that list is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, exists, literal_column, or_, select, true, update
from sqlalchemy.dialects.sqlite import insert

from coordinator.ledger.decision import Decision
from coordinator.ledger.tables import also_listed, blocked_likenesses, decisions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from coordinator.ledger.decisions import Decided
    from coordinator.ledger.likenesses import Listed


async def note_others(connection: AsyncConnection, decided: Sequence[Decided], listed: Sequence[Listed]) -> None:
    """Keep which of these another list has already."""
    if decided:
        rows = [{"one": bytes.fromhex(one.sha256), "by": one.source, "said": str(one.decision)} for one in decided]
        await connection.execute(_NOTE_DECIDED, rows)
    if listed:
        rows = [{"one": one.likeness.pdq, "by": one.source, "said": str(Decision.BLOCK)} for one in listed]
        await connection.execute(_NOTE_LISTED, rows)


async def pass_on(connection: AsyncConnection, source: str) -> int:
    """Put the name of another list, or an admin's, on what a list has as well; return how many of its hashes that were.

    What stands under its name afterwards, it alone has.
    """
    kept = (await connection.execute(delete(also_listed).where(also_listed.c.source == source))).rowcount
    for statement in (_PASS_ON_DECIDED, _PASS_ON_LISTED):
        kept += (await connection.execute(statement, {"by": source})).rowcount
    await connection.execute(_FORGET_PASSED_ON)
    return kept


async def forget_others(connection: AsyncConnection, one: bytes, *, is_pdq: bool) -> None:
    """Forget which other lists have a hash."""
    await connection.execute(delete(also_listed).where(_is_of(one, is_pdq=is_pdq)))


def _note(table: Any, column: Any, condition: Any, *, is_pdq: bool) -> Any:
    question = select(column, literal_column(str(int(is_pdq))), bindparam("by"), bindparam("said")).where(
        column == bindparam("one"), condition, table.c.source != "", table.c.source != bindparam("by")
    )
    return insert(also_listed).from_select(list(also_listed.c.keys()), question).on_conflict_do_nothing()


def _is_of(column: Any, *, is_pdq: bool) -> Any:
    return (also_listed.c.hash == column) & (also_listed.c.is_pdq == int(is_pdq))


def _next(what: Any, of_hash: Any) -> Any:
    """Return what the next list says: an admin's own goes before lists, one that blocks before one that allows."""
    order = (also_listed.c.source != "", also_listed.c.decision.desc(), also_listed.c.source)
    return select(what).where(of_hash).order_by(*order).limit(1).scalar_subquery()


_IS_LISTED = blocked_likenesses.c.sha256.is_(None)
_OF_DECISION = _is_of(decisions.c.sha256, is_pdq=False)
_OF_PDQ = _is_of(blocked_likenesses.c.pdq, is_pdq=True)
_NOTE_DECIDED = _note(decisions, decisions.c.sha256, true(), is_pdq=False)
_NOTE_LISTED = _note(blocked_likenesses, blocked_likenesses.c.pdq, _IS_LISTED, is_pdq=True)
# The note is of the list that is forgotten.
_PASS_ON_DECIDED = (
    update(decisions)
    .where(decisions.c.source == bindparam("by"), exists().where(_OF_DECISION))
    .values(
        source=_next(also_listed.c.source, _OF_DECISION), decision=_next(also_listed.c.decision, _OF_DECISION), note=""
    )
)
_PASS_ON_LISTED = (
    update(blocked_likenesses)
    .where(blocked_likenesses.c.source == bindparam("by"), _IS_LISTED, exists().where(_OF_PDQ))
    .values(source=_next(also_listed.c.source, _OF_PDQ), note="")
)
_FORGET_PASSED_ON = delete(also_listed).where(
    or_(
        exists().where(_OF_DECISION, decisions.c.source == also_listed.c.source),
        exists().where(_OF_PDQ, _IS_LISTED, blocked_likenesses.c.source == also_listed.c.source),
    )
)
