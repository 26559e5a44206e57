"""Bring the file to the schema of this version: made when missing, migrated when older, refused when unknown.

Two processes that start at once do it one after the other, under a lock beside the file. Before a migration the file
is copied to `ledger.sqlite.before-REVISION`; a migration that fails leaves the file as it was.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from coordinator.ledger.copying import copy_database
from coordinator.ledger.errors import LedgerFault, damaged, translated
from coordinator.ledger.tables import APPLICATION_ID


@dataclass(frozen=True, slots=True)
class Schema:
    """The migrations that there are."""

    revisions: tuple[str, ...]
    """Oldest first."""
    folder: Path


CURRENT = Schema(("0001", "0002", "0003"), Path(__file__).parent / "migrations")
"""Of this version of Fediward; a test compares it with the folder."""

BUSY_S = 10.0

logger = logging.getLogger(__name__)


def prepare(path: Path, schema: Schema = CURRENT, *, checks: bool = False) -> None:
    """Make or migrate the file at `path`; its folder is made too. Blocks: run it in a thread.

    `checks` has all of it read before anything is changed. Of 1,000,000 verdicts that takes 0.3 s, and 1 s from a disk
    that reads 125 MB/s; with 200 scores beside each of them, 1.3 GB, it takes 1.3 s and 10 s.

    Raises LedgerFault when the file is not a ledger, damaged, newer than this version, or cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path):
            _make_private(path)
            if checks and path.stat().st_size:
                # Read-only: whoever closes it otherwise, being the last, would write the log beside it into it.
                with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                    _check(connection, path)
            _bring_up_to_date(path, schema)
    except sqlite3.Error as error:
        raise translated(error, path) from error
    except OSError as error:
        raise LedgerFault(f"{path}: {error.strerror}; FEDIWARD_DATA_DIR must be writable.") from error


def revision_of(connection: sqlite3.Connection, path: Path, schema: Schema) -> str:
    """Return the revision of an open file, empty for one without tables. Raises LedgerFault for what is no ledger."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return ""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    versions = connection.execute("SELECT version_num FROM alembic_version").fetchall() if application else []
    if application != APPLICATION_ID or len(versions) != 1:
        raise LedgerFault(f"{path} is a database, but not a ledger of Fediward.")
    revision = str(versions[0][0])
    if revision not in schema.revisions:
        raise LedgerFault(f"{path} was made by a newer version of Fediward; run that version.")
    return revision


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path.with_suffix(".lock"), "a", opener=_private) as lock:
        flock(lock, LOCK_EX)
        yield


def _make_private(path: Path) -> None:
    """Give the file its mode before SQLite opens it: the files beside it get the same.

    A file that exists is not opened here: closing it would drop the locks that SQLite holds on it in this process.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    elif path.stat().st_mode & 0o077:
        path.chmod(0o600)
    if not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _bring_up_to_date(path: Path, schema: Schema) -> None:
    with closing(sqlite3.connect(path, timeout=BUSY_S)) as connection:
        revision = revision_of(connection, path, schema)
        newest = schema.revisions[-1]
        if revision and revision != newest:
            backup = path.with_name(f"{path.name}.before-{newest}")
            copy_database(connection, backup, path=path, replace=True)
            logger.info("%s is brought from schema %s to %s; a copy is %s", path, revision, newest, backup)
        # A copy that was put here has another mode: it is one file.
        connection.execute("PRAGMA journal_mode=WAL")
    if revision != newest:
        _migrate(path, schema)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise damaged(path)


def _migrate(path: Path, schema: Schema) -> None:
    # Only here: Alembic takes longer to import than most commands run.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import URL, NullPool, create_engine, event
    from sqlalchemy.exc import SQLAlchemyError

    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection: Any, _: object) -> None:
        connection.isolation_level = None

    config = Config()
    config.set_main_option("script_location", str(schema.folder).replace("%", "%%"))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except SQLAlchemyError as error:
        raise translated(error, path) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
