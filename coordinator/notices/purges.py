"""Purges, gathered into few messages. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Iterable

from coordinator.ledger.audit import Entry
from coordinator.notices.notice import Notice, Tone

HASH_DIGITS = 8
SHOWN = 10

FIRST_WAIT_S = 10.0
"""What is purged within this time after the first is told with it."""

BETWEEN_S = 900.0
"""Between two messages: a sweep that finds much writes one, not one a picture."""

FAILED_KEPT = 1000
"""Pictures that could not be purged are told once, though they are tried again and again; so many are remembered."""


class Purges:
    """Take entries of the audit about purges; say now and then what they were."""

    def __init__(self, *, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._first_wait_s = first_wait_s
        self._gone: list[str] = []
        self._stay: list[str] = []
        self._failed: dict[str, None] = {}
        self._due_s: float | None = None
        self._told_s = float("-inf")

    def note(self, entries: Iterable[Entry], now_s: float) -> None:
        """Take new entries."""
        for entry in entries:
            is_gone = entry.details.get("state") == "gone"
            if is_gone:
                self._failed.pop(entry.sha256, None)
                self._gone.append(entry.sha256[:HASH_DIGITS])
            elif entry.sha256 not in self._failed:
                self._failed[entry.sha256] = None
                self._stay.append(entry.sha256[:HASH_DIGITS])
                if len(self._failed) > FAILED_KEPT:
                    del self._failed[next(iter(self._failed))]
        if (self._gone or self._stay) and self._due_s is None:
            self._due_s = max(now_s + self._first_wait_s, self._told_s + BETWEEN_S)

    def take(self, now_s: float) -> Notice | None:
        """Return what is to be said now, if anything."""
        if self._due_s is None or now_s < self._due_s:
            return None
        lines = []
        if self._gone:
            lines.append(f"Purged: {_listed(self._gone)}.")
        if self._stay:
            lines.append(f"Still there, though it should be gone: {_listed(self._stay)}. The log says why.")
        lines.append("`fediward-coordinator ledger log` has the whole hashes.")
        tone = Tone.PROBLEM if self._stay else Tone.EVENT
        title = f"Fediward: {len(self._gone)} purged" + (f", {len(self._stay)} still there" if self._stay else "")
        self._gone, self._stay, self._due_s, self._told_s = [], [], None, now_s
        return Notice(tone, title, "\n".join(lines))


def _listed(hashes: list[str]) -> str:
    more = f" and {len(hashes) - SHOWN} more" if len(hashes) > SHOWN else ""
    noun = "picture" if len(hashes) == 1 else "pictures"
    return f"{len(hashes)} {noun} ({', '.join(hashes[:SHOWN])}{more})"
