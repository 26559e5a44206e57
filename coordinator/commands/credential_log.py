"""Write down that a caller or scanner was added or revoked."""

from __future__ import annotations

import sys


def note(change: str, kind: str, name: str) -> None:
    """Add an entry to the ledger's log. That the ledger cannot be used is said on stderr; the change stands."""
    import asyncio

    from coordinator.commands.who import login
    from coordinator.ledger.audit import Entry, What
    from coordinator.ledger.errors import LedgerError
    from coordinator.ledger.ledger import Ledger
    from coordinator.ledger.times import now
    from coordinator.settings import load_settings

    entry = Entry(What.CREDENTIAL, now(), login(), details={"change": change, kind: name})

    async def write() -> None:
        async with Ledger(load_settings().ledger_file) as ledger:
            await ledger.audit.add(entry)

    try:
        asyncio.run(write())
    except LedgerError as error:
        sys.stderr.write(f"This is not in the log: {error}\n")
