"""Look at FEDIWARD_DATA_DIR: the folder, who may read it, what room is left, and the ledger's file."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from coordinator.ledger.errors import LedgerError, translated
from coordinator.ledger.schema import CURRENT, revision_of
from shared.errors import ConfigurationError
from shared.findings import Finding, good, unknown, wrong

LEAST_FREE_BYTES = 200 * 10**6
"""A write-ahead log and the copy before a migration must fit beside the ledger."""

PART = "data folder (FEDIWARD_DATA_DIR)"


def look_at_folder(
    folder: Path,
    *,
    may: Callable[[Path, int], bool] = os.access,
    free_bytes: Callable[[Path], int] | None = None,
) -> Finding:
    """Say whether the coordinator can keep things there, and others cannot read them."""
    if not folder.is_dir():
        return wrong(
            "data folder",
            "it does not exist" if not folder.exists() else "it is no folder",
            part=PART,
            cure="Start the coordinator once, with the same setting and as the same user, or correct the setting.",
        )
    if not may(folder, os.R_OK | os.W_OK | os.X_OK):
        return wrong(
            "data folder",
            "this user cannot write there",
            part=PART,
            cure="Give the folder to the user that the coordinator runs as (chown -R), and run doctor as that user.",
        )
    strangers = sorted(path.name for path in _kept(folder) if path.stat().st_uid != folder.stat().st_uid)
    if strangers:
        return wrong(
            "data folder",
            f"{', '.join(strangers)} belongs to another user than the folder: a command was run as somebody else",
            part=PART,
            cure="Give all of it to one user (chown -R), and run the commands as that user.",
        )
    open_to_others = sorted(path.name for path in (folder, *_kept(folder)) if path.stat().st_mode & 0o077)
    if open_to_others:
        return wrong(
            "data folder",
            "others on this machine may read "
            f"{', '.join('the folder' if name == folder.name else name for name in open_to_others)}",
            part=PART,
            cure="chmod 700 the folder, and chmod 600 the files in it.",
        )
    left_bytes = free_bytes(folder) if free_bytes else shutil.disk_usage(folder).free
    if left_bytes < LEAST_FREE_BYTES:
        return wrong(
            "data folder",
            f"{left_bytes // 10**6} MB are left on its disk, at least {LEAST_FREE_BYTES // 10**6} MB should be",
            part=PART,
            cure="Make room, or move the folder to another disk.",
        )
    return good("data folder", f"private, writable, {left_bytes // 10**6} MB left on its disk")


def look_at_ledger(file: Path) -> Finding:
    """Read the whole ledger without changing it: seconds for a large one."""
    if not file.exists():
        return unknown("ledger", "there is none yet: the coordinator makes it at its first start")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            revision = revision_of(connection, file, CURRENT)
            sound = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except (sqlite3.Error, LedgerError) as error:
        fault = translated(error, file) if isinstance(error, sqlite3.Error) else error
        return _ledger_fault(str(fault))
    if not sound:
        return _ledger_fault("its check finds damage")
    if revision != CURRENT.revisions[-1]:
        return unknown("ledger", "of an older version; the coordinator brings it up to date at its next start")
    return good("ledger", f"sound, {file.stat().st_size} bytes")


def look_at_credentials(read: Callable[[], tuple[int, int]]) -> Finding:
    """Say whether somebody may ask and somebody may answer. `read` returns how many callers and scanners are known."""
    try:
        callers, scanners = read()
    except ConfigurationError as error:
        return wrong(
            "credentials",
            str(error),
            part="credentials.json",
            cure="Restore it from a backup; or move it away, start again, and make callers and scanners anew.",
        )
    if not callers:
        return wrong(
            "credentials",
            "no caller is known: every upload is refused, and pict-rs keeps none",
            part="credentials.json",
            cure="Run `fediward-coordinator caller new lemmy` and give pict-rs the path that it prints.",
        )
    if not scanners:
        return wrong(
            "credentials",
            "no scanner may connect",
            part="credentials.json",
            cure="Run `fediward-coordinator scanner new NAME` and give the scanner the token that it prints.",
        )
    return good("credentials", f"{callers} callers, {scanners} scanners")


def _kept(folder: Path) -> Iterator[Path]:
    names = ("credentials.json", "ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm")
    return (folder / name for name in names if (folder / name).exists())


def _ledger_fault(sentence: str) -> Finding:
    return wrong(
        "ledger",
        sentence,
        part="ledger.sqlite",
        cure="Stop the coordinator and restore a backup (README, What is remembered), or move the file away.",
    )
