"""Likenesses in the ledger: those that copies are blocked by, and those of judged pictures, for when one is blocked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, exists, func, literal_column, select, update
from sqlalchemy.dialects.sqlite import insert

from coordinator.ledger.decision import Decision
from coordinator.ledger.tables import blocked_likenesses, decisions, likenesses, marks
from coordinator.ledger.times import from_seconds, to_seconds
from coordinator.media.looks import Likeness

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from coordinator.ledger.store import Store
    from coordinator.ledger.writer import Statements

DECISIONS, REMOVALS = "decisions", "removals"
"""Names of marks."""

SLICE_IDS = 50_000
"""So many likenesses are read at once: more would hold up the event loop when they arrive."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A likeness on a list: pictures like it are blocked."""

    likeness: Likeness
    who: str
    at: datetime
    note: str = ""
    source: str = ""

    def row(self) -> dict[str, Any]:
        """Return it as a row of the table."""
        return {
            "pdq": self.likeness.pdq,
            "quality": self.likeness.quality,
            "sha256": None,
            "source": self.source,
            "who": self.who,
            "note": self.note,
            "at": to_seconds(self.at),
        }


@dataclass(frozen=True, slots=True)
class Blocked:
    """What a likeness is blocked by."""

    source: str
    """The list; empty for an admin."""
    sha256: str
    """The picture that is blocked; empty for a line of a list."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Copies of a picture are to be blocked, too; none are if no decision blocks it any more when this is written."""

    sha256: str
    likeness: Likeness

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by while it waits to be written."""
        return "spread", self.sha256

    @property
    def size_in_memory_bytes(self) -> int:
        """Roughly what it takes while it waits to be written."""
        return 350

    def statements(self) -> Statements:
        """Say what is to be written."""
        likeness = self.likeness
        content = bytes.fromhex(self.sha256)
        yield _SPREAD, {"content": content, "pdq": likeness.pdq, "quality": likeness.quality}
        yield _CHANGED, {"mark": DECISIONS}


@dataclass(frozen=True, slots=True)
class State:
    """Which likenesses there are: as long as `removals` stays, those after `newest` are new, and no other changed."""

    removals: int
    newest: int
    blocks: bool
    """Something is blocked, be it a picture whose likeness nobody knows yet."""


class Likenesses:
    """Read and add likenesses. All methods raise LedgerError when the database cannot be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def state(self) -> State:
        """Say which likenesses there are."""
        async with self._store.reading() as connection:
            removals, newest, is_blocked = (await connection.execute(_STATE)).one()
        return State(removals, newest or 0, bool(newest or is_blocked))

    async def slices(self, after: int, until: int, *, least_quality: int) -> AsyncIterator[str]:
        """Yield the PDQs with ids after one and up to another, in hex, one behind the other."""
        for begin in range(after, until, SLICE_IDS):
            values = {"begin": begin, "end": min(begin + SLICE_IDS, until), "quality": least_quality}
            async with self._store.reading() as connection:
                yield (await connection.execute(_SLICE, values)).scalar_one() or ""

    async def spread(self, sha256: str, likeness: Likeness) -> None:
        """Have copies blocked, too, of a picture that a decision blocks; nothing if none does any more."""
        async with self._store.writing() as connection:
            for statement, values in Spread(sha256, likeness).statements():
                await connection.execute(statement, values)

    async def listed(self) -> tuple[Listed, ...]:
        """Return all that came from lists, in the order of coming."""
        statement = (
            select(blocked_likenesses).where(blocked_likenesses.c.sha256.is_(None)).order_by(blocked_likenesses.c.id)
        )
        async with self._store.reading() as connection:
            rows = (await connection.execute(statement)).all()
        return tuple(
            Listed(Likeness(row.pdq, row.quality), row.who, from_seconds(row.at), row.note, row.source) for row in rows
        )


async def note_change(connection: AsyncConnection, *, removed: int = 0) -> None:
    """Say that decisions or lists changed, and whether rows of `blocked_likenesses` may be gone."""
    names = [DECISIONS, REMOVALS] if removed else [DECISIONS]
    await connection.execute(_CHANGED, [{"mark": name} for name in names])


async def add_listed(connection: AsyncConnection, listed: Sequence[Listed]) -> int:
    """Add likenesses of lists that are not there yet; return how many."""
    if not listed:
        return 0
    before = (await connection.execute(_COUNT)).scalar_one()
    await connection.execute(_ADD_LISTED, [one.row() for one in listed])
    return int((await connection.execute(_COUNT)).scalar_one() - before)


async def adopt(connection: AsyncConnection, sha256: bytes | None = None) -> None:
    """Have copies blocked of pictures that are blocked and whose likeness is known: of one, or of all."""
    await connection.execute(_ADOPT if sha256 is None else _ADOPT_ONE, {} if sha256 is None else {"content": sha256})


async def drop_orphans(connection: AsyncConnection) -> int:
    """Remove likenesses of pictures that no decision blocks any more; return how many."""
    return await drop(connection, blocked_likenesses.c.sha256.is_not(None) & ~exists(_BLOCKING))


async def drop(connection: AsyncConnection, condition: Any) -> int:
    """Remove likenesses that copies are blocked by; return how many."""
    return (await connection.execute(delete(blocked_likenesses).where(condition))).rowcount


def mark(name: str) -> Any:
    """Return a mark as a part of another question."""
    return select(marks.c.number).where(marks.c.name == literal_column(f"'{name}'")).scalar_subquery()


def blocked_by_statement() -> Any:
    """Return the question where a PDQ comes from: a row with the list and the picture, pictures first."""
    return _OF_PICTURE.union_all(_OF_LIST)


def _of_decision(*likeness: Any) -> Any:
    """Return the question for the rows that blocking decisions make of likenesses."""
    named = [decisions.c.sha256, decisions.c.source, decisions.c.who, decisions.c.note, decisions.c.at]
    return select(*likeness, *named).where(decisions.c.decision == Decision.BLOCK)


def _insert(question: Any) -> Any:
    names = ("pdq", "quality", "sha256", "source", "who", "note", "at")
    return insert(blocked_likenesses).from_select(names, question).on_conflict_do_nothing()


_BLOCKING = select(decisions.c.source).where(
    decisions.c.sha256 == blocked_likenesses.c.sha256, decisions.c.decision == Decision.BLOCK
)
_KNOWN = _of_decision(likenesses.c.pdq, likenesses.c.quality).where(likenesses.c.sha256 == decisions.c.sha256)
_ADOPT = _insert(_KNOWN)
_ADOPT_ONE = _insert(_KNOWN.where(decisions.c.sha256 == bindparam("content")))
_SPREAD = _insert(
    _of_decision(bindparam("pdq"), bindparam("quality")).where(decisions.c.sha256 == bindparam("content"))
)
_ADD_LISTED = insert(blocked_likenesses).on_conflict_do_nothing()
_COUNT = select(func.count()).select_from(blocked_likenesses)
_STATE = select(
    mark(REMOVALS),
    select(func.max(blocked_likenesses.c.id)).scalar_subquery(),
    exists(select(decisions.c.sha256).where(decisions.c.decision == Decision.BLOCK)),
)
_SLICE = select(func.group_concat(func.hex(blocked_likenesses.c.pdq), literal_column("''"))).where(
    blocked_likenesses.c.id > bindparam("begin"),
    blocked_likenesses.c.id <= bindparam("end"),
    blocked_likenesses.c.quality >= bindparam("quality"),
)
_OF_LIST = select(blocked_likenesses.c.source, blocked_likenesses.c.sha256).where(
    blocked_likenesses.c.sha256.is_(None), blocked_likenesses.c.pdq == bindparam("pdq")
)
# By the decision of now: an admin's may have taken the place of a list's since the likeness was added.
_OF_PICTURE = select(_BLOCKING.scalar_subquery().label("source"), blocked_likenesses.c.sha256).where(
    blocked_likenesses.c.sha256.is_not(None), blocked_likenesses.c.pdq == bindparam("pdq"), exists(_BLOCKING)
)
_CHANGED = update(marks).where(marks.c.name == bindparam("mark")).values(number=marks.c.number + 1)
