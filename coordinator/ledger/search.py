"""Find pictures by the beginning of their hash."""

from __future__ import annotations

import re

from sqlalchemy import select, union

from coordinator.ledger.store import Store
from coordinator.ledger.tables import debts, decisions, verdicts

MIN_DIGITS = 8
MOST_FOUND = 20
_BEGINNING = re.compile(rf"[0-9a-fA-F]{{{MIN_DIGITS},64}}")


def is_beginning(text: str) -> bool:
    """Say whether a text is the beginning of a SHA-256 in hex, or all of it."""
    return _BEGINNING.fullmatch(text) is not None


async def find(store: Store, beginning: str) -> tuple[str, ...]:
    """Return the hashes that begin so, in order, MOST_FOUND at most, of pictures judged, decided about, or owed.

    Raises LedgerError when the database cannot be read.
    """
    lowest, highest = (bytes.fromhex(beginning.ljust(64, digit)) for digit in "0f")
    tables = (verdicts, decisions, debts)
    statement = union(*(select(table.c.sha256).where(table.c.sha256.between(lowest, highest)) for table in tables))
    async with store.reading() as connection:
        rows = (await connection.execute(statement.order_by("sha256").limit(MOST_FOUND))).all()
    return tuple(row.sha256.hex() for row in rows)
