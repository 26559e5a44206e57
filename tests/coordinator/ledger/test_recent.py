"""Answers of the last moments hold until somebody writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coordinator.ledger.recent import MOST, STEP_NS, Recent

CHANGED_NS = 10**18


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log beside a database, changed last at CHANGED_NS."""
    file = tmp_path / "ledger.sqlite-wal"
    file.write_bytes(b"x")
    os.utime(file, ns=(CHANGED_NS, CHANGED_NS))
    return file


def recent_of(log: Path, *, at_ns: int = CHANGED_NS + STEP_NS) -> Recent[str]:
    """Return what is kept beside a log, at a time."""
    return Recent(log.with_name("ledger.sqlite"), clock_ns=lambda: at_ns)


def test_recent_is_found_while_nobody_writes(log: Path) -> None:
    """An answer is found again by its key only."""
    recent = recent_of(log)
    recent.keep("one", "answer", recent.stamp())
    assert (recent.find("one"), recent.find("two")) == ("answer", None)


@pytest.mark.parametrize("change", ["size", "time", "gone"])
def test_recent_is_gone_when_somebody_writes(log: Path, change: str) -> None:
    """A change of the log's size or time, or its end, ends all answers."""
    recent = recent_of(log, at_ns=CHANGED_NS + 10 * STEP_NS)
    recent.keep("one", "answer", recent.stamp())
    if change == "size":
        log.write_bytes(b"xx")
        os.utime(log, ns=(CHANGED_NS, CHANGED_NS))
    elif change == "time":
        os.utime(log, ns=(CHANGED_NS + 1, CHANGED_NS + 1))
    else:
        log.unlink()
    assert recent.find("one") is None
    assert len(recent) == 0


def test_recent_not_kept_when_the_log_is_too_new(log: Path) -> None:
    """When the log changed just now it may change again without a trace: nothing is kept."""
    recent = recent_of(log, at_ns=CHANGED_NS + STEP_NS - 1)
    recent.keep("one", "answer", recent.stamp())
    assert recent.find("one") is None


def test_recent_written_between_question_and_answer(log: Path) -> None:
    """An answer from before a change does not hold after it."""
    recent = recent_of(log, at_ns=CHANGED_NS + 10 * STEP_NS)
    before = recent.stamp()
    os.utime(log, ns=(CHANGED_NS + 1, CHANGED_NS + 1))
    recent.keep("one", "answer", before)
    assert recent.find("one") is None


def test_recent_bounded(log: Path) -> None:
    """The oldest answers make room."""
    recent = recent_of(log)
    for number in range(MOST + 10):
        recent.keep(number, "answer", recent.stamp())
    assert len(recent) == MOST
    assert (recent.find(9), recent.find(10)) == (None, "answer")
