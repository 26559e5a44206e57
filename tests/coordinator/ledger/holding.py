"""Hold a database as another process may: written, or locked for writing or for everybody."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread


@contextmanager
def written_by_another(path: Path) -> Iterator[None]:
    """Hold the lock to write; others may read."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


_HOLDING = """
import fcntl, sys
with open(sys.argv[1], "r+b") as shared:
    fcntl.lockf(shared, fcntl.LOCK_EX, 8, 120)
    print("held", flush=True)
    sys.stdin.read()
"""
"""Eight bytes from the 120th of the shared memory on are the locks of the log (sqlite.org/walformat.html)."""


@contextmanager
def closed_to_all(path: Path) -> Iterator[None]:
    """Hold the whole database, which somebody has read from and not closed: nobody can read."""
    command = [sys.executable, "-I", "-c", _HOLDING, f"{path}-shm"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == b"held\n"
        yield


@contextmanager
def committed_to_without_pause(path: Path) -> Iterator[None]:
    """Have another connection commit again and again, as fast as it can."""
    begun, ended = Event(), Event()

    def commit() -> None:
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            while not ended.is_set():
                connection.execute("INSERT INTO marks VALUES ('test', 0) ON CONFLICT DO UPDATE SET number = number + 1")
                begun.set()

    thread = Thread(target=commit)
    thread.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        ended.set()
        thread.join()
