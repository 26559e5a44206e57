"""Damage a database as a disk may."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def break_inside(path: Path, table: str = "verdicts") -> None:
    """Overwrite the first page of a table of a closed database: what does not come by it does not notice."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size_bytes)
        file.write(b"\xa5" * size_bytes)
