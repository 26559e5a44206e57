"""What the coordinator remembers: verdicts by content, decisions of admins, debts, and an audit."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Self

from sqlalchemy import select

from coordinator.ledger.audit import Audit, Entry, What
from coordinator.ledger.debts import Debts
from coordinator.ledger.decisions import Decisions
from coordinator.ledger.likenesses import Blocked, Likenesses, Spread
from coordinator.ledger.lookup import LOOK_UP_S, Known, LookUp
from coordinator.ledger.periods import Periods
from coordinator.ledger.retention import Retention
from coordinator.ledger.search import find
from coordinator.ledger.store import BUSY_S, Store
from coordinator.ledger.summary import Summary, summarise
from coordinator.ledger.tables import ways
from coordinator.ledger.times import Clock, now
from coordinator.ledger.verdicts import Judged, KnownLikeness, SeenAgain, StoredScores
from coordinator.ledger.way import Way
from coordinator.ledger.writer import Limits, Writer
from coordinator.media.looks import Likeness

logger = logging.getLogger(__name__)

FLUSH_S = 5.0
"""Longest that closing waits for what is not written yet."""


class Ledger:
    """Open with `async with`. One file; several processes may have it open at once.

    Looking up and remembering wait for no disk; `debts.owe` and `record` do, within a deadline.
    """

    def __init__(
        self,
        path: Path,
        *,
        periods: Periods = Periods(),  # noqa: B008 - frozen
        limits: Limits = Limits(),  # noqa: B008 - frozen
        clock: Clock = now,
        busy_s: float = BUSY_S,
        look_up_s: float = LOOK_UP_S,
        checks: bool = False,
    ) -> None:
        """Take the file; `checks` has it read as a whole at the start, which takes seconds, and refused if damaged."""
        self._store = Store(path, busy_s=busy_s, checks=checks)
        self._writer = Writer(self._store, limits)
        self._look_up = LookUp(self._store, within_s=look_up_s)
        self._clock = clock
        self._stack = AsyncExitStack()
        self.debts = Debts(self._store, self._writer)
        self.decisions = Decisions(self._store)
        self.audit = Audit(self._store)
        self.likenesses = Likenesses(self._store)
        self.retention = Retention(self._store, periods, clock)

    def __repr__(self) -> str:
        return f"<Ledger waiting={self._writer.waiting} lost={self._writer.lost}>"

    async def __aenter__(self) -> Self:
        """Raise LedgerError when the file cannot be used."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._store)
            await stack.enter_async_context(self._look_up)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            stack.push_async_callback(self._stop, group.create_task(self._writer.run()))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what waits, for a few seconds at most, and close."""
        await self._stack.aclose()

    @property
    def waiting(self) -> int:
        """Records that are not written yet."""
        return self._writer.waiting

    @property
    def lost(self) -> int:
        """Records that were given up because too much waited, since the start."""
        return self._writer.lost

    @property
    def fault(self) -> str:
        """Why nothing can be written now, in a sentence; empty when it can."""
        return self._writer.fault

    async def look_up(self, sha256: str, way: Way) -> Known | None:
        """Return what is known of a picture looked at in this way; None when nothing is.

        It counts as unknown too when the database does not answer within a fraction of a second.
        """
        known = await self._look_up.ask(sha256, way)
        if known is not None and known.decision is not None:
            return known
        fresh = self._writer.find((sha256, way.digest))
        if isinstance(fresh, Judged) and fresh.way.policy_digest == way.policy_digest:
            return Known(verdict=fresh.verdict, likeness=fresh.likeness)
        return known

    async def scores(self, sha256: str, way: Way) -> StoredScores | None:
        """Return the scores of a picture looked at in this way; None when there are none any more."""
        fresh = self._writer.find((sha256, way.digest))
        if isinstance(fresh, Judged) and fresh.rows and fresh.way.terms == way.terms:
            return StoredScores(fresh.look_names, fresh.rows)
        return await self._look_up.scores(sha256, way)

    async def last_weights(self, model: str) -> str:
        """Return the fingerprint of the weights that judged with a model, the newest that came; empty for none.

        Raises LedgerError when the database cannot be read.
        """
        statement = select(ways.c.weights).where(ways.c.model == model).order_by(ways.c.id.desc()).limit(1)
        async with self._store.reading() as connection:
            return str((await connection.execute(statement)).scalar_one_or_none() or "")

    def remember(self, judged: Judged) -> None:
        """Have a verdict written soon."""
        self._writer.put(judged)

    @property
    def decisions_mark(self) -> int:
        """A number that grows with every change of a decision or a list, as far as was seen when looking up."""
        return self._look_up.decisions_mark

    def remember_likeness(self, sha256: str, likeness: Likeness) -> None:
        """Have the likeness of a picture written soon whose verdict is known."""
        self._writer.put(KnownLikeness(sha256, likeness, self._clock()))

    def spread_likeness(self, sha256: str, likeness: Likeness) -> None:
        """Have copies blocked soon, too, of a picture that a decision blocks."""
        record = Spread(sha256, likeness)
        if self._writer.find(record.key) is None:
            self._writer.put(record)

    async def blocked_by(self, pdq: bytes) -> Blocked | None:
        """Say where a PDQ that copies are blocked by comes from; None when it is gone.

        Raises LedgerUnavailable when the database does not answer within a fraction of a second.
        """
        return await self._look_up.blocked_by(pdq)

    def note_seen(self, sha256: str, way: Way) -> None:
        """Have it counted that a picture came whose verdict was known."""
        waiting = self._writer.find(SeenAgain.key_of(sha256, way.digest))
        if isinstance(waiting, SeenAgain) and not waiting.is_taken:
            waiting.add(self._clock())
        else:
            self._writer.put(SeenAgain(sha256, way.digest, self._clock()))

    async def record(self, entry: Entry, *, deadline_s: float) -> None:
        """Return once an entry of the audit is on the disk; `deadline_s` is in the time of the running loop.

        Raises LedgerUnavailable when that does not happen in time; the entry then still waits to be written.
        """
        await self._writer.commit(entry, deadline_s=deadline_s)

    async def forget_scanner(self, name: str, since: datetime, *, who: str) -> int:
        """Forget the verdicts that a scanner made since a time; return how many. Raises LedgerError."""
        count = await self.retention.forget_scanner(name, since)
        details = {"decision": "forget", "scanner": name, "since": since.isoformat(), "count": count}
        await self.audit.add(Entry(What.DECISION, self._clock(), who, "", details))
        return count

    async def summary(self, sha256: str) -> Summary:
        """Return all that is known of a picture. Raises LedgerError."""
        return await summarise(self._store, sha256)

    async def find(self, beginning: str) -> tuple[str, ...]:
        """Return the hashes of known pictures that begin so, a few at most. Raises LedgerError."""
        return await find(self._store, beginning)

    async def flushed(self) -> None:
        """Wait until everything that was handed over is written."""
        await self._writer.flushed()

    async def _stop(self, writing: asyncio.Task[None]) -> None:
        try:
            async with asyncio.timeout(FLUSH_S):
                await self._writer.flushed()
        except TimeoutError:
            logger.error("%d records could not be written to the ledger and are lost", self._writer.waiting)
        writing.cancel()
