"""Looks at the state every few seconds, and has said what needs to be said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from coordinator.ledger.audit import Audit, What
from coordinator.ledger.errors import LedgerError
from coordinator.notices.alarm import Patience
from coordinator.notices.lookout import Lookout
from coordinator.notices.notice import Notice
from coordinator.notices.purges import FIRST_WAIT_S, Purges
from coordinator.status.snapshot import Snapshot

logger = logging.getLogger(__name__)

EVERY_S = 5.0


class Watch:
    """Run it as a task; cancel it to stop."""

    def __init__(
        self,
        *,
        snapshot: Callable[[], Snapshot],
        audit: Audit,
        send: Callable[[Notice], None],
        patience: Patience,
        every_s: float = EVERY_S,
    ) -> None:
        self._snapshot = snapshot
        self._audit = audit
        self._send = send
        self._lookout = Lookout(patience)
        self._purges = Purges(first_wait_s=min(FIRST_WAIT_S, patience.grace_s))
        # Often enough that the grace time means what it says.
        self._every_s = min(every_s, max(patience.grace_s / 4, 0.2))

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        seen: int | None = None
        while True:
            for notice in self._lookout.observe(self._snapshot().problems, loop.time()):
                self._send(notice)
            seen = await self._look_for_purges(seen, loop.time())
            purged = self._purges.take(loop.time())
            if purged is not None:
                self._send(purged)
            await asyncio.sleep(self._every_s)

    async def _look_for_purges(self, seen: int | None, now_s: float) -> int | None:
        """Read what came into the audit after entry `seen`; at first, only where it ends."""
        try:
            if seen is None:
                return await self._audit.last_id()
            last, entries = await self._audit.after(seen, What.PURGE)
        except LedgerError as error:
            logger.warning("purges cannot be looked for: %s", error)
            return seen
        self._purges.note(entries, now_s)
        return last
