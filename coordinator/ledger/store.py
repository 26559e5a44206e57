"""The database file: one connection that writes, a few that read, and their settings."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from coordinator.ledger.errors import LedgerUnavailable, translated
from coordinator.ledger.schema import prepare

BUSY_S = 2.0
"""How long a statement waits for another process that writes."""

READERS = 2


class Store:
    """Open with `async with`, which makes the file or brings it to the newest schema; close the same way."""

    def __init__(self, path: Path, *, busy_s: float = BUSY_S, checks: bool = False) -> None:
        """Take the file, how long to wait for another process, and whether to look for damage before anything."""
        self.path = path
        self._checks = checks
        self._busy_s = busy_s
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None

    def __repr__(self) -> str:
        return f"<Store {self.path}>"

    async def __aenter__(self) -> Self:
        """Raise LedgerError when the file cannot be used."""
        await asyncio.to_thread(prepare, self.path, checks=self._checks)
        # Each commit reaches the disk: what was answered on its strength must be there after a power cut.
        self._writer = self._engine(1, f"PRAGMA busy_timeout={int(self._busy_s * 1e3)}", "PRAGMA synchronous=FULL")
        self._reader = self._engine(READERS, f"PRAGMA busy_timeout={int(self._busy_s * 1e3)}", "PRAGMA query_only=1")
        return self

    async def __aexit__(self, *_: object) -> None:
        for engine in (self._writer, self._reader):
            if engine is not None:
                await engine.dispose()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Hold the only connection that writes, in a transaction that is committed at the end.

        Raises LedgerError when the database cannot be used now; nothing is written then.
        """
        assert self._writer is not None, "not open"
        async with self._transaction(self._writer) as connection:
            yield connection
        # What is written stands in the log before others see it: whoever read in between must be able to tell.
        await asyncio.to_thread(self._stamp_log)

    def _stamp_log(self) -> None:
        with suppress(OSError):
            os.utime(f"{self.path}-wal")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Hold a connection that reads one state of the database. Raises LedgerError when it cannot be used now."""
        assert self._reader is not None, "not open"
        async with self._transaction(self._reader) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            async with engine.begin() as connection:
                yield connection
        except PoolTimeoutError as error:
            raise LedgerUnavailable("The ledger cannot be used now: it is busy.") from error
        except SQLAlchemyError as error:
            raise translated(error, self.path) from error

    def engine(self, *pragmas: str) -> AsyncEngine:
        """Make an engine of one connection with settings of its own; the caller disposes of it."""
        return self._engine(1, *pragmas)

    def _engine(self, connections: int, *pragmas: str) -> AsyncEngine:
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(self.path)),
            pool_size=connections,
            max_overflow=0,
            pool_timeout=self._busy_s + 1,
            # Nothing of a statement's values may reach a log: they are hashes and scores. The driver would write them.
            hide_parameters=True,
        )
        logging.getLogger("aiosqlite").setLevel(logging.WARNING)

        @event.listens_for(engine.sync_engine, "connect")
        def set_up(connection: Any, _: object) -> None:
            # The driver must not begin transactions by itself: it would begin them without taking the lock to write.
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(pragma)
            cursor.close()

        if "PRAGMA query_only=1" not in pragmas:

            @event.listens_for(engine.sync_engine, "begin")
            def begin_to_write(connection: Any) -> None:
                connection.exec_driver_sql("BEGIN IMMEDIATE")

        else:

            @event.listens_for(engine.sync_engine, "begin")
            def begin_to_read(connection: Any) -> None:
                connection.exec_driver_sql("BEGIN")

        return engine
