"""What is shown of uploads: counts, a series of minutes, and the decisions that were made last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from coordinator.judge.outcomes import Answer, Outcome
from shared.messages import Lane


@dataclass(frozen=True, slots=True)
class Decided:
    """One upload that was answered. `at_s` is monotonic."""

    at_s: float
    scan_id: str
    sha256: str
    kind: str
    """Format, such as png; empty when it was not decoded."""
    size_bytes: int
    outcome: Outcome
    answer: Answer
    would_be: Answer
    parts: tuple[str, ...]
    scanner: str
    remembered: bool
    caller: str
    lane: Lane
    steps_ms: Mapping[str, float]
    """Milliseconds by step, `total` among them."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One upload that was answered, as it is shown."""

    at: datetime
    scan_id: str
    sha256: str
    """Whole: the admin looks it up and decides by it. Notices and metrics never have it."""
    kind: str
    size_bytes: int
    outcome: Outcome
    answer: Answer
    would_be: Answer
    parts: tuple[str, ...]
    scanner: str
    remembered: bool
    caller: str
    lane: Lane
    steps_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MinuteStatus:
    """One minute of the series; the minutes follow each other without a gap, the newest, not yet full, last."""

    at: datetime
    """Its beginning."""
    uploads: int
    unseen: int
    """Answered although nobody looked."""
    rejected: int
    p95_ms: float
    """From the first byte to the answer, of its last 256 uploads; 0 without uploads."""
    most_in_flight: int


@dataclass(frozen=True, slots=True)
class UploadsStatus:
    """Counts begin with the coordinator's start; `hour` and `day` are the last 60 minutes and 24 hours."""

    total: int
    hour: Mapping[Outcome, int]
    """Every outcome, also where it is 0."""
    day: Mapping[Outcome, int]
    abandoned: int
    """Callers that left before the answer, since the start."""
    accepted_unseen: int
    """Since the start."""
    in_flight: int
    minutes: tuple[MinuteStatus, ...]
    """The last 60."""
    recent: tuple[Decision, ...]
    """The latest first, at most 200."""
