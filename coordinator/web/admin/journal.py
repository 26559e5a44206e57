"""What was done on the page, written into the ledger's log."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from coordinator.ledger.audit import Entry, What
from coordinator.ledger.errors import LedgerError
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.times import Clock, now
from coordinator.web.admin.sessions import Session

logger = logging.getLogger(__name__)

WRITE_S = 1.0


class Journal:
    """Write entries. What was done stands also when it cannot be written down at once: then it waits to be."""

    def __init__(self, ledger: Ledger, clock: Clock = now) -> None:
        self._ledger = ledger
        self._clock = clock

    async def note(self, what: What, session: Session, **details: Any) -> None:
        """Write down who did what."""
        entry = Entry(what, self._clock(), session.who, details=details)
        try:
            await self._ledger.record(entry, deadline_s=asyncio.get_running_loop().time() + WRITE_S)
        except LedgerError as error:
            logger.warning("done by %s and not written down yet: %s", session.who, error)
