"""What a sweep has done, in a file of its own, so that it goes on after a crash without repeating or skipping.

The standard library's sqlite3, not the ledger's SQLAlchemy: one process, one table of rows by place, no schema to carry
from release to release (a file of another version is refused, and a sweep can always begin anew).
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from coordinator.sweep.errors import LockedError
from coordinator.sweep.item import Item
from coordinator.sweep.row import Action, Row
from coordinator.sweep.sources.source import BATCH
from coordinator.sweep.walk import missed_since_s
from shared.errors import ConfigurationError

T = TypeVar("T")

VERSION = 2

FLUSH_ROWS = 500
FLUSH_S = 0.5
"""What a crash loses is asked again, and the coordinator remembers its answer."""

MOST_MISSED = 1000
"""Folders that could not be listed, of which a listing has to know; with more of them it goes through everything."""

_SCHEMA = """
CREATE TABLE places (
    place BLOB PRIMARY KEY, tag TEXT NOT NULL, size INTEGER NOT NULL, sha256 BLOB NOT NULL, run INTEGER NOT NULL,
    outcome TEXT NOT NULL, parts TEXT NOT NULL, action TEXT NOT NULL, aliases TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX notable ON places (run, outcome) WHERE outcome NOT IN ('clean', 'allowed');
CREATE INDEX open ON places (place) WHERE outcome = 'failed' OR action IN ('reported', 'removing', 'kept');
CREATE TABLE runs (id INTEGER PRIMARY KEY, began REAL NOT NULL, since REAL, ended REAL, covered REAL);
"""

_COLUMNS = "place, tag, size, sha256, run, outcome, parts, action, aliases, reason"
_OPEN = "(outcome = 'failed' OR action IN ('reported', 'removing', 'kept'))"
_IS_FOLDER = "substr(place, -1) = x'2f'"
_MISSED = f"places INDEXED BY open WHERE {_OPEN} AND outcome = 'failed' AND {_IS_FOLDER}"
_UPSERT = f"INSERT OR REPLACE INTO places ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constant


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over a source."""

    id: int
    began_s: float
    since_s: float | None
    """Only what changed since then is looked at; None: everything."""
    is_resumed: bool = False


class State:
    """Open with `async with`; raises LockedError when another process has it, ConfigurationError for another file.

    Rows are written together, every half second and when it is closed; `write` returns once one is on the disk.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: dict[bytes, Row] = {}
        self._one_at_a_time = asyncio.Lock()
        self._flushed_s = 0.0
        self._lock = -1
        self._database: sqlite3.Connection | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.flush()
        await asyncio.to_thread(self._close)

    async def begin(self, *, since_s: float | None) -> Run:
        """Go on with the run that was broken off, if it goes through all that is asked for now, or begin one."""

        def begin(database: sqlite3.Connection) -> Run:
            left = database.execute("SELECT id, began, since FROM runs WHERE ended IS NULL").fetchone()
            if left is not None:
                number, began_s, since_s_then = left
                if since_s_then is None or (since_s is not None and since_s_then <= since_s):
                    return Run(number, began_s, since_s_then, is_resumed=True)
                _give_up(database)
            began_s = time.time()
            cursor = database.execute("INSERT INTO runs (began, since) VALUES (?, ?)", (began_s, since_s))
            assert cursor.lastrowid is not None
            return Run(cursor.lastrowid, began_s, since_s)

        return await self._with_database(begin)

    async def give_up(self) -> None:
        """Let a run that was broken off be, so that the next begins anew."""
        await self._with_database(_give_up)

    async def end(self, run: Run) -> None:
        """Note that a run came to its end."""
        await self.flush()

        def end(database: sqlite3.Connection) -> None:
            covered_s = _covered_s(database)
            if run.since_s is None or (covered_s is not None and run.since_s <= covered_s):
                covered_s = run.began_s
            ended = (time.time(), covered_s, run.id)
            database.execute("UPDATE runs SET ended = ?, covered = ? WHERE id = ?", ended)

        await self._with_database(end)

    async def covered_s(self) -> float | None:
        """Return the Unix time before which runs that came to their end went through everything; None: there is none.

        A run that was told to look at less leaves a gap, and does not count.
        """
        return await self._with_database(_covered_s)

    async def known(self, items: Sequence[Item]) -> dict[bytes, Row]:
        """Return what is known of some items, by their places."""
        places = [item.place for item in items]
        marks = ",".join("?" * len(places))
        statement = f"SELECT {_COLUMNS} FROM places WHERE place IN ({marks})"  # noqa: S608 - constants and marks
        rows = await self._with_database(lambda database: database.execute(statement, places).fetchall())
        found = {row.place: row for row in map(_row, rows)}
        return found | {place: self._pending[place] for place in places if place in self._pending}

    async def note(self, row: Row) -> None:
        """Have a row written soon."""
        self._pending[row.place] = row
        now_s = time.monotonic()
        if len(self._pending) >= FLUSH_ROWS or now_s - self._flushed_s >= FLUSH_S:
            self._flushed_s = now_s
            await self.flush()

    async def write(self, row: Row) -> None:
        """Return once a row is on the disk."""
        self._pending[row.place] = row
        await self.flush()

    async def flush(self) -> None:
        """Write what waits."""

        def write(database: sqlite3.Connection) -> list[Row]:
            rows = list(self._pending.values())
            database.executemany(_UPSERT, map(_values, rows))
            return rows

        if self._pending:
            for row in await self._with_database(write):
                # Another may have taken its place meanwhile.
                if self._pending.get(row.place) is row:
                    del self._pending[row.place]

    async def unfinished(
        self, run: Run, *, after: bytes = b"", of_earlier_runs: bool = False, purges: bool = False
    ) -> list[Row]:
        """Return up to BATCH rows to try again, in the order of their places, from after one of these on.

        They are what failed, and removals that are begun and not confirmed. Where something is to be removed now, also
        what was found and is still there: of earlier runs, and reported by this one, perhaps before it was broken off.
        Folders that could not be listed are tried again by listings: see `missed`.
        """
        await self.flush()
        statement = (
            f"SELECT {_COLUMNS} FROM places INDEXED BY open "  # noqa: S608 - constants
            f"WHERE {_OPEN} AND place > :after AND NOT {_IS_FOLDER} AND "
            "CASE WHEN run = :run THEN outcome = 'failed' OR action = 'removing' "
            "OR (:purges AND :resumed AND action = 'reported') "
            "ELSE :earlier AND (:purges OR outcome = 'failed' OR action = 'removing') END ORDER BY place LIMIT :most"
        )
        wanted = {
            "after": after,
            "run": run.id,
            "resumed": run.is_resumed,
            "earlier": of_earlier_runs,
            "purges": purges,
            "most": BATCH,
        }
        rows = await self._with_database(lambda database: database.execute(statement, wanted).fetchall())
        return [_row(row) for row in rows]

    async def missed(self) -> dict[bytes, float]:
        """Return the folders that could not be listed, and from when on what is in them is to be looked at.

        Of more than MOST_MISSED the whole source is returned, as the empty place.
        """

        def read(database: sqlite3.Connection) -> dict[bytes, float]:
            missed: dict[bytes, float] = {}
            for place, tag in database.execute(f"SELECT place, tag FROM {_MISSED}"):  # noqa: S608 - constant
                missed[place] = missed_since_s(tag)
                if len(missed) > MOST_MISSED:
                    missed = {b"": min(missed.values())}
            return missed

        await self.flush()
        return await self._with_database(read)

    async def forget_missed(self, run: Run) -> None:
        """Forget folders that could not be listed before a run, which now has listed everything.

        What it could not list itself has a row of its own.
        """
        # First what was in them: should this end here, they must not be forgotten without that.
        await self.flush()
        statement = f"DELETE FROM {_MISSED} AND run <> ?"  # noqa: S608 - constant
        await self._with_database(lambda database: database.execute(statement, (run.id,)))

    async def counts(self, run: Run) -> list[tuple[str, str, int]]:
        """Count the rows of a run by outcome and action."""
        statement = "SELECT outcome, action, count(*) FROM places WHERE run = ? GROUP BY outcome, action"
        return await self._with_database(lambda database: database.execute(statement, (run.id,)).fetchall())

    async def _with_database(self, work: Callable[[sqlite3.Connection], T]) -> T:
        database = self._database
        assert database is not None

        def transaction() -> T:
            with database:
                return work(database)

        async with self._one_at_a_time:
            return await asyncio.to_thread(transaction)

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _private(os.fspath(self._path.with_suffix(".lock")), os.O_CREAT | os.O_WRONLY)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.close(_private(os.fspath(self._path), os.O_CREAT | os.O_WRONLY))
                self._database = connect(self._path)
            except BaseException:
                os.close(self._lock)
                raise
        except BlockingIOError:
            raise LockedError(f"Another sweep of this source is running; it has {self._path}.") from None
        except OSError as error:
            raise ConfigurationError(f"{self._path}: {error.strerror}; a sweep keeps there what it did.") from error

    def _close(self) -> None:
        assert self._database is not None
        self._database.close()
        os.close(self._lock)


def connect(path: Path) -> sqlite3.Connection:
    """Open a state's file, and make its tables when it is new. Raises ConfigurationError for another file."""
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={VERSION}; COMMIT;")
        elif version != VERSION:
            raise ConfigurationError(f"{path} is of another version; move it away, and the sweep begins anew.")
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"{path} is no state of a sweep: {error}; move it away.") from error
    return database


def last_run(database: sqlite3.Connection) -> int | None:
    """Return the number of the last run, be it over or not; None when there was none."""
    return database.execute("SELECT max(id) FROM runs").fetchone()[0]  # type: ignore[no-any-return]


def notable_rows(database: sqlite3.Connection, *, run: int | None = None) -> Iterator[Row]:
    """Yield the rows that a report names, everything but clean and allowed: of one run, or what stands of all.

    A run that went through everything says of what was there before whether it still is; what it did not see is left
    out.
    """
    statement = (
        f"SELECT {_COLUMNS} FROM places WHERE outcome NOT IN ('clean', 'allowed') "  # noqa: S608 - constants
        "AND run BETWEEN ? AND ? ORDER BY outcome, place"
    )
    yield from map(_row, database.execute(statement, _runs(database, run)))


def has_found(database: sqlite3.Connection, *, run: int | None = None) -> bool:
    """Say whether a run, or what stands of all, found something that is not to be kept."""
    statement = (
        "SELECT 1 FROM places WHERE outcome NOT IN ('clean', 'allowed') AND outcome IN ('flagged', 'blocked') "
        "AND run BETWEEN ? AND ? LIMIT 1"
    )
    return database.execute(statement, _runs(database, run)).fetchone() is not None


def _runs(database: sqlite3.Connection, run: int | None) -> tuple[int, int]:
    """Return the first and the last run to look at."""
    if run is not None:
        return run, run
    statement = "SELECT max(id) FROM runs WHERE since IS NULL AND covered = began"
    return database.execute(statement).fetchone()[0] or 0, last_run(database) or 0


def _covered_s(database: sqlite3.Connection) -> float | None:
    found = database.execute("SELECT covered FROM runs WHERE ended IS NOT NULL ORDER BY id DESC LIMIT 1").fetchone()
    return None if found is None else found[0]


def _give_up(database: sqlite3.Connection) -> None:
    # Not deleted: its number would be given again, and what it settled be taken for settled by that run.
    given_up = (time.time(), _covered_s(database))
    database.execute("UPDATE runs SET ended = ?, covered = ? WHERE ended IS NULL", given_up)


def _values(row: Row) -> tuple[Any, ...]:
    return (
        row.place,
        row.tag,
        row.size_bytes,
        bytes.fromhex(row.sha256),
        row.run,
        row.outcome,
        json.dumps(row.parts),
        row.action,
        json.dumps(row.aliases),
        row.reason,
    )


def _row(values: tuple[Any, ...]) -> Row:
    place, tag, size, sha256, run, outcome, parts, action, aliases, reason = values
    return Row(
        place=place,
        tag=tag,
        size_bytes=size,
        sha256=sha256.hex(),
        run=run,
        outcome=outcome,
        parts=tuple(json.loads(parts)),
        action=Action(action),
        aliases=tuple(json.loads(aliases)),
        reason=reason,
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
