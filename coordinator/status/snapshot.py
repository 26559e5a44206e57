"""All that is shown at one moment: on the admin page, by `/api/v1/status` and by `fediward-coordinator status`."""

from __future__ import annotations

from dataclasses import dataclass, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from coordinator.judge.outcomes import Answer, Mode, Outcome
from coordinator.status.debts import DebtStatus
from coordinator.status.problems import Problem
from coordinator.status.refusals import RefusedAttempt
from coordinator.status.scanner import ScannerStatus
from coordinator.status.sentence import Sentence
from coordinator.status.uploads import UploadsStatus
from shared.messages import Lane


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """What waits in one lane for a scanner."""

    lane: Lane
    depth: int
    """Scans."""
    frames: int
    oldest_s: float
    """Seconds that the one waits which came first; 0 when none waits."""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One line of the table by which an outcome becomes an answer."""

    outcome: Outcome
    answer: Answer
    """As configured; in shadow mode everything is accepted all the same."""


@dataclass(frozen=True, slots=True)
class PolicyStatus:
    """By what uploads are judged."""

    name: str
    fingerprint: str
    model: str
    strictness: str
    """As configured; empty: the policy's own thresholds."""
    mode: Mode
    outcomes: tuple[OutcomeRow, ...]


@dataclass(frozen=True, slots=True)
class CallerStatus:
    """A caller, and how many uploads it sent since the start."""

    name: str
    networks: tuple[str, ...]
    """Empty for one that is known by its secret."""
    may_sweep: bool
    created: datetime
    uploads: int
    rejected: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a coordinator. Never holds a secret or anything of a picture but its hash, size and kind."""

    at: datetime
    version: str
    started: datetime
    sentence: Sentence
    problems: tuple[Problem, ...]
    """What needs somebody's attention, the worst first."""
    scanners: tuple[ScannerStatus, ...]
    """By name, so that rows do not jump."""
    refused: tuple[RefusedAttempt, ...]
    """Attempts to connect as a scanner, the latest first."""
    uploads: UploadsStatus
    lanes: tuple[LaneStatus, ...]
    debts: DebtStatus
    policy: PolicyStatus
    callers: tuple[CallerStatus, ...]
    refused_requests: int
    """Requests at the hook that were wrong in themselves, since the start."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON: enums are their values, times ISO 8601 in UTC."""
        plain = as_plain(self)
        assert isinstance(plain, dict)
        return plain


def as_plain(value: Any) -> Any:
    """Turn what a snapshot is made of into plain JSON."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [as_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(as_plain(key)): as_plain(item) for key, item in value.items()}
    assert is_dataclass(value), f"{type(value).__name__} is not plain"
    return {name: as_plain(getattr(value, name)) for name in value.__dataclass_fields__}
