"""Answers of the last moments, for as long as nobody writes to the database: pictures often come several times.

Every commit, of whatever process, goes into the log beside the file (`-wal`) and changes its size or its time; `Store`
stamps it once more when others see the commit, which on a slow disk is later. Times of files advance in steps of a few
milliseconds, so that an answer is kept only when the last change is older than that.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 4096
STEP_NS = 25_000_000
"""More than two steps of the clock that files are stamped by: 10 ms at most, on Linux with 100 ticks a second."""


class Recent(Generic[T]):
    """Keep answers by key until the database changes. One look costs one `stat`, which reads no disk."""

    def __init__(self, database: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Take the file, and a clock that agrees with the one that stamps files."""
        self._log = f"{database}-wal"
        self._clock_ns = clock_ns
        self._stamp: tuple[int, int, int] | None = None
        self._answers: OrderedDict[Hashable, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def stamp(self) -> tuple[int, int, int] | None:
        """Say what state the database is in; None when that cannot be told from what may come next."""
        try:
            status = os.stat(self._log)
        except OSError:
            return None
        if self._clock_ns() - status.st_mtime_ns < STEP_NS:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def find(self, key: Hashable) -> T | None:
        """Return an answer that still holds."""
        if not self._answers:
            return None
        if self.stamp() != self._stamp:
            self._answers.clear()
            return None
        return self._answers.get(key)

    def keep(self, key: Hashable, answer: T, stamp: tuple[int, int, int] | None) -> None:
        """Keep an answer; `stamp` is the one from before the question was asked."""
        if stamp is None:
            return
        if stamp != self._stamp:
            self._answers.clear()
            self._stamp = stamp
        self._answers[key] = answer
        if len(self._answers) > MOST:
            self._answers.popitem(last=False)
