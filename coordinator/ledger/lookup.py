"""Ask the database about one picture, in a time that is bounded whatever state the database is in."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from coordinator.ledger.decision import Decision
from coordinator.ledger.errors import LedgerUnavailable, translated
from coordinator.ledger.likenesses import Blocked, blocked_by_statement
from coordinator.ledger.recent import Recent
from coordinator.ledger.store import Store
from coordinator.ledger.verdicts import StoredScores, Verdict, known_statement, scores_statement, unpack
from coordinator.ledger.way import TERM_DIGEST_BYTES, Way
from coordinator.media.looks import Likeness

logger = logging.getLogger(__name__)

LOOK_UP_S = 0.25
"""Longest that an upload waits for what is known of it; then it counts as unknown, and is looked at."""

BUSY_MS = 100
COMPLAIN_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of a picture: a decision goes before a verdict, a verdict before scores."""

    decision: Decision | None = None
    source: str = ""
    """The list that the decision comes from; empty for an admin's own."""
    verdict: Verdict | None = None
    """By the policy that was asked for or, where there are `scores`, by another one."""
    scores: StoredScores | None = None
    """To be judged by the policy that was asked for."""
    likeness: Likeness | None = None
    is_spread: bool = False
    """Copies of the picture are blocked."""


NOTHING = Known()
"""The database has answered, and knows nothing."""


class LookUp:
    """Look pictures up over a connection of its own. Use it from one event loop only; open with `async with`.

    It goes to the driver's thread once a question: SQLAlchemy's own way goes there four times.
    """

    def __init__(self, store: Store, *, within_s: float = LOOK_UP_S) -> None:
        self._store = store
        self._within_s = within_s
        self._engine: AsyncEngine | None = None
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._recent: Recent[Known] = Recent(store.path)
        self.decisions_mark = 0
        """Grows with every change of a decision or a list, as far as was seen when looking up."""
        self._late: asyncio.Task[Any] | None = None
        self._complained_s = -COMPLAIN_EVERY_S

    async def __aenter__(self) -> Self:
        self._engine = self._store.engine(f"PRAGMA busy_timeout={BUSY_MS}", "PRAGMA query_only=1")
        try:
            self._connection = await self._engine.connect()
            self._driver = (await self._connection.get_raw_connection()).driver_connection
        except SQLAlchemyError as error:
            await self._engine.dispose()
            raise translated(error, self._store.path) from error
        self._known = _Question(known_statement(), self._engine)
        self._scores = _Question(scores_statement(), self._engine)
        self._blocked_by = _Question(blocked_by_statement(), self._engine)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._connection is not None
        assert self._engine is not None
        await self._connection.close()
        await self._engine.dispose()

    async def ask(self, sha256: str, way: Way) -> Known | None:
        """Return what is known of a picture; None when nothing is, or when the database does not answer in time."""
        key = (sha256, way.digest, way.policy_digest)
        known = self._recent.find(key)
        if known is None:
            stamp = self._recent.stamp()
            known = await self._ask(sha256, way)
            if known is not None:
                self._recent.keep(key, known, stamp)
        return None if known is NOTHING else known

    async def scores(self, sha256: str, way: Way) -> StoredScores | None:
        """Return the scores of a picture; None when there are none, or when the database does not answer in time."""
        return await self._stored_scores(bytes.fromhex(sha256), way)

    async def blocked_by(self, pdq: bytes) -> Blocked | None:
        """Say where a PDQ that copies are blocked by comes from; None when it is gone.

        Raises LedgerUnavailable when the database does not answer in time.
        """
        rows = await self._fetch(self._blocked_by, {"pdq": pdq})
        if rows is None:
            raise LedgerUnavailable("The ledger cannot be used now: it does not answer.")
        return Blocked(rows[0][0], (rows[0][1] or b"").hex()) if rows else None

    async def _ask(self, sha256: str, way: Way) -> Known | None:
        """Return what the database says; None when it does not answer, or has only scores that do not help."""
        content = bytes.fromhex(sha256)
        rows = await self._fetch(self._known, {"sha256": content, "way_digest": way.digest})
        if not rows:
            return None
        decided, source, policy, flagged, parts, look, looks, kind, scanner, pdq, quality, spread, mark = rows[0]
        self.decisions_mark = mark or 0
        likeness = None if pdq is None else Likeness(pdq, quality)
        is_spread = spread is not None
        decision = Decision(decided) if decided is not None else None
        if policy is None:
            return NOTHING if decision is None else Known(decision, source, likeness=likeness, is_spread=is_spread)
        verdict = Verdict(bool(flagged), tuple(json.loads(parts)), look, looks, kind, scanner)
        if decision is not None or policy == way.policy_digest:
            return Known(decision, source or "", verdict, likeness=likeness, is_spread=is_spread)
        stored = await self._stored_scores(content, way)
        return None if stored is None else Known(verdict=verdict, scores=stored, likeness=likeness)

    async def _stored_scores(self, content: bytes, way: Way) -> StoredScores | None:
        rows = await self._fetch(self._scores, {"sha256": content, "way_digest": way.digest})
        if not rows:
            return None
        terms, looks, data = rows[0]
        columns = way.columns_in(terms)
        if columns is None:
            return None
        return StoredScores(tuple(json.loads(looks)), unpack(data, len(terms) // TERM_DIGEST_BYTES, columns))

    async def _fetch(self, question: _Question, values: dict[str, bytes]) -> Any:
        """Return rows; None when the database does not answer in time, now or at an earlier question."""
        if self._late is not None:
            if not self._late.done():
                return None
            self._late = None
        asking = asyncio.create_task(self._driver.execute_fetchall(question.text, question.values(values)))
        # What is asked is asked to its end in the driver's thread; nobody may be left to wonder about its error.
        asking.add_done_callback(_retrieve)
        done, _ = await asyncio.wait({asking}, timeout=self._within_s)
        if not done:
            self._late = asking
            self._complain(f"does not answer within {self._within_s} s")
            return None
        try:
            return asking.result()
        except (sqlite3.Error, ValueError) as error:
            self._complain(f"does not answer: {error}")
            return None

    def _complain(self, what: str) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._complained_s >= COMPLAIN_EVERY_S:
            self._complained_s = now_s
            logger.error("the ledger %s; uploads count as unknown", what)


class _Question:
    """A statement as the driver takes it."""

    def __init__(self, statement: Any, engine: AsyncEngine) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        self.text = str(compiled)
        self._names: list[str] = compiled.positiontup
        self._constants: dict[str, Any] = compiled.params

    def values(self, values: dict[str, bytes]) -> list[Any]:
        """Return the values in the order of the text, those that are part of the question among them."""
        return [(self._constants | values)[name] for name in self._names]


def _retrieve(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
