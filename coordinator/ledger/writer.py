"""The one task that writes what uploads leave behind, in batches, and waits when the database cannot be written.

What the database will never take does not keep from the disk what is queued with it: it is lost alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Executable

from coordinator.ledger.errors import LedgerDamaged, LedgerError, LedgerRefused, LedgerUnavailable
from coordinator.ledger.store import Store

logger = logging.getLogger(__name__)

LINGER_S = 1.0
"""How long records that nobody waits for are gathered before they are written: one commit a second, at most."""

BATCH_RECORDS = 1000
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
"""Together with the wait for a lock well below the 30 s within which all must be written once it works again."""

COMPLAIN_EVERY_S = 60.0

Statements: TypeAlias = Iterator[tuple[Executable, Mapping[str, Any]]]
"""Statements, each a constant of its module, with the values of one record."""


class Record(Protocol):
    """Something to be written."""

    @property
    def key(self) -> Hashable | None:
        """What it can be found by while it waits; None when nobody looks for it."""

    @property
    def size_in_memory_bytes(self) -> int:
        """Roughly what it takes while it waits."""

    def statements(self) -> Statements:
        """Say what is to be written."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait to be written."""

    records: int = 20_000
    waiting_bytes: int = 64 * 2**20
    commits: int = 50_000
    """Records that somebody waited for; they have room of their own."""


@dataclass(slots=True)
class _Waiting:
    record: Record
    written: asyncio.Future[None] | None = field(repr=False)
    """Set for a record that somebody waits for, or waited for."""


class Writer:
    """Queue records; `run` writes them. Use it from one event loop only."""

    def __init__(self, store: Store, limits: Limits = Limits()) -> None:
        self._store = store
        self._limits = limits
        self._queue: deque[_Waiting] = deque()
        self._by_key: dict[Hashable, Record] = {}
        self._waiting_bytes = 0
        self._commits = 0
        self._writing = 0
        self._work = asyncio.Event()
        self._urgent = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._lost = 0
        self._why = ""
        self.lost = 0
        """Records for which there was no room, or which the database did not take, since the start."""
        self.fault = ""
        """Why nothing can be written now; empty when it can."""
        self._complained_s = -COMPLAIN_EVERY_S

    def __repr__(self) -> str:
        return f"<Writer waiting={self.waiting} lost={self.lost}>"

    @property
    def waiting(self) -> int:
        """Records that are not written yet."""
        return len(self._queue)

    def find(self, key: Hashable) -> Record | None:
        """Return the newest record of this key that is not written yet."""
        return self._by_key.get(key)

    def put(self, record: Record) -> bool:
        """Queue a record that nobody waits for; False, and counted as lost, when too much waits already."""
        size_bytes = record.size_in_memory_bytes
        is_full = self.waiting - self._commits >= self._limits.records
        if is_full or self._waiting_bytes + size_bytes > self._limits.waiting_bytes:
            self._lose(self.fault or "The ledger cannot keep up.")
            return False
        self._add(_Waiting(record, None), size_bytes)
        return True

    async def commit(self, record: Record, *, deadline_s: float) -> None:
        """Queue a record and return once it is on the disk; `deadline_s` is in the time of the running loop.

        Raises LedgerUnavailable when it is not there in time, at once while the database is known not to work; the
        record then still waits to be written, or was lost when too much waits already. Raises LedgerDamaged or
        LedgerRefused when it was lost because the database does not take it.
        """
        if self._commits >= self._limits.commits:
            self._lose(self.fault or "The ledger cannot keep up.")
            raise LedgerUnavailable("The ledger cannot be used now, and too much waits to be written.")
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._commits += 1
        self._add(_Waiting(record, written), record.size_in_memory_bytes)
        self._urgent.set()
        if self.fault:
            raise LedgerUnavailable(self.fault)
        try:
            async with asyncio.timeout_at(deadline_s):
                await asyncio.shield(written)
        except TimeoutError:
            why = self.fault or "The ledger cannot be used now: it is too slow."
            raise LedgerUnavailable(why) from None

    async def flushed(self) -> None:
        """Wait until everything is written."""
        if self._queue:
            self._urgent.set()
            await self._idle.wait()

    async def run(self) -> None:
        """Write what is queued, until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            await self._work.wait()
            if not self._urgent.is_set():
                await _wait_at_most(self._urgent, LINGER_S)
            batch = [self._queue[index] for index in range(min(len(self._queue), BATCH_RECORDS))]
            try:
                await self._write_all_it_takes(batch)
            except LedgerError as error:
                self.fault = self._why = str(error)
                self._complain()
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                pause_s = FIRST_PAUSE_S
                if self._lost:
                    self._complain()

    async def _write_all_it_takes(self, batch: list[_Waiting]) -> None:
        try:
            await self._write(batch)
        except (LedgerDamaged, LedgerRefused):
            for waiting in batch:
                try:
                    await self._write([waiting])
                except (LedgerDamaged, LedgerRefused) as error:
                    self._settle([waiting], error)
                    self._lose(str(error))
                else:
                    self._settle([waiting])
        else:
            self._settle(batch)

    async def _write(self, batch: list[_Waiting]) -> None:
        grouped: dict[Executable, list[Mapping[str, Any]]] = {}
        for waiting in batch:
            for statement, values in waiting.record.statements():
                grouped.setdefault(statement, []).append(values)
        async with self._store.writing() as connection:
            for statement, rows in grouped.items():
                await connection.execute(statement, rows)

    def _add(self, waiting: _Waiting, size_bytes: int) -> None:
        self._queue.append(waiting)
        self._waiting_bytes += size_bytes
        if waiting.record.key is not None:
            self._by_key[waiting.record.key] = waiting.record
        self._work.set()
        self._idle.clear()

    def _settle(self, batch: list[_Waiting], error: LedgerError | None = None) -> None:
        """Let go of what is written, or was lost by an error."""
        for waiting in batch:
            self._queue.popleft()
            self._waiting_bytes -= waiting.record.size_in_memory_bytes
            if self._by_key.get(waiting.record.key) is waiting.record:
                del self._by_key[waiting.record.key]
            if waiting.written is not None:
                self._commits -= 1
                if waiting.written.done():
                    continue
                if error is None:
                    waiting.written.set_result(None)
                else:
                    waiting.written.set_exception(error)
                    # Whoever waited may be gone, which is no reason for asyncio to complain.
                    waiting.written.exception()
        if self.fault:
            logger.warning("the ledger can be written again; %d records still wait", self.waiting)
            self.fault = ""
            if self._lost:
                self._say()
        if not self._queue:
            self._work.clear()
            self._idle.set()
        if not self._commits:
            self._urgent.clear()

    def _lose(self, why: str) -> None:
        self.lost += 1
        self._lost += 1
        self._why = why
        self._complain()

    def _complain(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._complained_s >= COMPLAIN_EVERY_S:
            self._complained_s = now_s
            self._say()

    def _say(self) -> None:
        logger.error(
            "%s %d records wait to be written; %d were lost since the last such line.",
            self._why,
            self.waiting,
            self._lost,
        )
        self._lost = 0


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
