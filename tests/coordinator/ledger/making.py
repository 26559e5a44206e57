"""Ledgers, ways and verdicts for tests."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coordinator.judge.outcomes import Outcome
from coordinator.ledger.debts import Debt
from coordinator.ledger.verdicts import Judged, Verdict
from coordinator.ledger.way import Way

START = datetime(2026, 1, 1, 12, tzinfo=UTC)

WAY = Way(
    views="all",
    cutter_version="1",
    frame_size=224,
    model="null",
    weights_fingerprint="f" * 64,
    policy_fingerprint="a1" * 32,
    terms=("one", "two", "three"),
)
OTHER_POLICY = replace(WAY, policy_fingerprint="b2" * 32, terms=("three", "one"))
"""Judges by two of the same terms, in another order."""

LOOKS = ("centre", "whole")
ROWS = ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
CLEAN = Verdict(flagged=False, parts=(), look="centre", looks=2, format="png", scanner="box")
FLAGGED = Verdict(flagged=True, parts=("light", "big"), look="whole", looks=2, format="jpeg", scanner="den")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **spans: float) -> None:
        """Let time pass: `days=1`."""
        self.at += timedelta(**spans)


def sha(number: int) -> str:
    """Return a hash; the same for the same number."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def judged(number: int, verdict: Verdict = CLEAN, *, way: Way = WAY, at: datetime = START) -> Judged:
    """Return what is remembered of a picture that a scanner looked at."""
    rows = tuple(row[: len(way.terms)] for row in ROWS)
    return Judged(sha(number), 1000 + number, way, verdict, at, LOOKS, rows)


def debt(number: int, *, at: datetime = START, media_type: str = "image/png") -> Debt:
    """Return a picture that was accepted unseen."""
    return Debt(sha(number), 1000 + number, media_type, Outcome.NO_SCANNER, at)


def soon(seconds: float = 20.0) -> float:
    """Return a deadline in the time of the running loop."""
    return asyncio.get_running_loop().time() + seconds


def file_in(folder: Path) -> Path:
    """Return where a ledger is in a folder."""
    return folder / "ledger.sqlite"
