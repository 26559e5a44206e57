"""Copy a database that others may be writing, into a file that is whole or not there."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from coordinator.ledger.errors import LedgerFault, damaged, is_damage, translated

BUSY_S = 10.0


def back_up(path: Path, target: Path) -> None:
    """Copy the ledger at `path`, which others may be writing, to `target`. Blocks: run it in a thread.

    Raises LedgerError when there is none, when it is damaged, or when the target exists or cannot be written.
    """
    if not path.exists():
        raise LedgerFault(f"{path} does not exist; FEDIWARD_DATA_DIR says where the ledger is.")
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_S)) as source:
            copy_database(source, target, path=path)
    except sqlite3.Error as error:
        raise translated(error, path) from error


def copy_database(source: sqlite3.Connection, target: Path, *, path: Path, replace: bool = False) -> None:
    """Write a copy of mode 0600 that opens by itself, and look through it. Blocks: run it in a thread.

    Raises LedgerFault when the source, which is at `path`, is damaged, and when the target exists, unless it may be
    replaced, or cannot be written.
    """
    if target.exists() and not replace:
        raise LedgerFault(f"{target} exists already; choose another name.")
    part = target.with_name(f".{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(part)) as copy:
            # In one step: SQLite begins again when somebody has written between two. It reads one state of the source,
            # whose log takes what others write meanwhile.
            source.backup(copy, pages=-1)
            # One file, without a log beside it, is what somebody can carry away.
            copy.execute("PRAGMA journal_mode=DELETE")
            # Pages are copied as they are, damaged or not; to look through them takes less time than to copy them.
            if copy.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                raise damaged(path)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except sqlite3.Error as error:
        part.unlink(missing_ok=True)
        raise translated(error, path if is_damage(error) else target) from error
    except OSError as error:
        part.unlink(missing_ok=True)
        raise LedgerFault(f"{target}: {error.strerror}.") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
