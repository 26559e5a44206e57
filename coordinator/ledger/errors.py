"""The errors of this package.

LedgerError
├── LedgerFault        the file cannot be used as it is: foreign, of another schema, not writable; exit code 2
│   └── LedgerDamaged  a part of it is damaged; what lies elsewhere may still be read and written
├── LedgerRefused      it does not take what is to be written, now or later
└── LedgerUnavailable  not now: locked, disk full, too slow; later it may work again
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from shared.errors import ConfigurationError, FediwardError


class LedgerError(FediwardError):
    """The ledger did not do what it was asked to. `str` is one sentence."""


class LedgerFault(LedgerError, ConfigurationError):  # noqa: N818
    """The ledger cannot be used as it is; somebody must act."""


class LedgerDamaged(LedgerFault):
    """A part of the ledger is damaged."""


class LedgerRefused(LedgerError):  # noqa: N818
    """What was to be written breaks a rule of the database, and will the next time."""


class LedgerUnavailable(LedgerError):  # noqa: N818
    """The ledger cannot be read or written now. What was to be written may still be written later."""


_REASONS = {
    "SQLITE_BUSY": "another process has locked it",
    "SQLITE_LOCKED": "another process has locked it",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk reports an error",
    "SQLITE_INTERRUPT": "it was interrupted",
}

_FAULTS = {
    "SQLITE_NOTADB": "is not a database; restore a backup, or move it away to begin a new one",
    "SQLITE_READONLY": "cannot be written; the file and its folder must be writable",
    "SQLITE_CANTOPEN": "cannot be opened; the file and its folder must be writable",
    "SQLITE_PERM": "cannot be opened; the file and its folder must be writable",
    "SQLITE_AUTH": "cannot be opened; the file and its folder must be writable",
}

_REFUSALS = ("SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG")


def damaged(place: object) -> LedgerDamaged:
    """Return the error that says that the file at a place is damaged."""
    return LedgerDamaged(f"{place} is damaged; restore a backup, or move it away to begin a new one.")


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether it is what was read that is at fault, not where it was written to."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def translated(error: SQLAlchemyError | sqlite3.Error, place: object) -> LedgerError:
    """Return a database error as one of ours, without what was being written."""
    original = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(original, "sqlite_errorname", None) or ""
    if name.startswith("SQLITE_CORRUPT"):
        return damaged(place)
    if name.startswith(_REFUSALS):
        return LedgerRefused(f"The ledger does not take a record: {name}.")
    for known, fault in _FAULTS.items():
        if name.startswith(known):
            return LedgerFault(f"{place} {fault}.")
    for known, reason in _REASONS.items():
        if name.startswith(known):
            return LedgerUnavailable(f"The ledger cannot be used now: {reason}.")
    return LedgerUnavailable(f"The ledger cannot be used now: {name or type(original).__name__}.")
