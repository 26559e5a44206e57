"""How the page says things."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from coordinator.judge.outcomes import Answer, Outcome
from coordinator.status.scanner import Connection, Split, Timing
from coordinator.status.sentence import Checking
from coordinator.web.admin import words


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_400, "99.4 kB"), (99_500, "100 kB"), (40_000_000, "40.0 MB")],
)
def test_words_size(size_bytes: int, text: str) -> None:
    """Two or three digits in decimal units."""
    assert words.size(size_bytes) == text


@pytest.mark.parametrize(
    ("ms", "text"), [(0.0, "0.0 ms"), (9.94, "9.9 ms"), (31.4, "31 ms"), (1500.0, "1.5 s"), (12_000.0, "12 s")]
)
def test_words_milliseconds(ms: float, text: str) -> None:
    """Seconds where there are many."""
    assert words.milliseconds(ms) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (172_800, "2 d")]
)
def test_words_duration(seconds: float, text: str) -> None:
    """The largest unit that gives at least one."""
    assert words.duration(seconds) == text


def test_words_know_every_state() -> None:
    """No state is without a word."""
    assert set(words.CONNECTION_WORDS) == set(Connection)
    assert set(words.CHECKING_KINDS) == set(words.CHECKING_TITLES) == set(Checking)
    assert {words.outcome_words(outcome) for outcome in Outcome} >= {"no scanner", "clean"}


def test_words_answer() -> None:
    """Shadow mode says what would have been."""
    assert words.answer_words(Answer.ACCEPT, Answer.ACCEPT) == "accepted"
    assert words.answer_words(Answer.REJECT, Answer.REJECT) == "rejected"
    assert words.answer_words(Answer.ACCEPT, Answer.REJECT) == "accepted (shadow: would be rejected)"


def test_words_times_of_a_scanner() -> None:
    """Middle and slow end, whole and by step; nothing without results."""
    timing = Timing(2, 2, Split(1.0, 2.0, 30.0, 33.0), Split(2.0, 4.0, 60.0, 66.0))
    assert words.both(timing) == "33 ms / 66 ms"
    assert words.split(timing) == "queue 1.0 ms / 2.0 ms, line 2.0 ms / 4.0 ms, model 30 ms / 60 ms"
    assert words.both(Timing()) == words.NOTHING
    assert words.split(Timing()) == ""


def test_words_moments() -> None:
    """For the machine and for those without a script; nothing for never."""
    at = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)
    assert words.iso(at) == "2026-01-02T03:04:05+00:00"
    assert words.clock(words.iso(at)) == "2026-01-02 03:04:05 UTC"
    assert words.iso(None) == ""
    assert words.clock("") == words.NOTHING


def test_words_sparkline_ends_right() -> None:
    """What is not known yet is on the ground, the newest is at the right, the highest at the top."""
    path = words.sparkline([0.0, 4.0], places=3, width=10, height=23)
    assert path == "M0 22.0L5 22.0L10 2.0"
    assert words.sparkline([], places=2, width=10, height=23) == "M0 22.0L10 22.0"
    assert words.sparkline([9.0, 1.0, 1.0], places=2, width=10, height=23) == "M0 2.0L10 2.0"


def test_words_small_things() -> None:
    """Numbers with their nouns, speeds, memory, steps."""
    assert [words.count(number, "scan") for number in (0, 1, 2000)] == ["0 scans", "1 scan", "2,000 scans"]
    assert [words.speed(value) for value in (0.0, 12.34, 212.4)] == [words.NOTHING, "12.3", "212"]
    assert words.memory(10**9, 8 * 10**9) == "1.0 GB of 8.0 GB"
    assert words.memory(1, 0) == ""
    assert words.steps({"body": 1.0, "judge": 0.01, "total": 9.0}) == "body 1.0 ms"
