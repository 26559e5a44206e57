"""Snapshots and their parts for tests, each with what the test says and plain values otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from coordinator.judge.outcomes import DEFAULT_ANSWERS, Answer, Mode, Outcome
from coordinator.status.debts import DebtStatus
from coordinator.status.scanner import Connection, Intent, ScannerStatus, Timing
from coordinator.status.sentence import Checking, Sentence
from coordinator.status.snapshot import LaneStatus, OutcomeRow, PolicyStatus, Snapshot
from coordinator.status.timeline import Timeline
from coordinator.status.upload_log import UploadLog
from coordinator.status.uploads import Decided
from shared.messages import Lane

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOW_S = 100_000.0
TIMELINE = Timeline(NOW_S, NOW)


def scanner(name: str = "box", connection: Connection = Connection.READY, **changes: Any) -> ScannerStatus:
    """Make a row."""
    row = ScannerStatus(
        name=name,
        connection=connection,
        why="",
        since=NOW,
        intent=Intent(),
        takes_uploads=connection in {Connection.READY, Connection.WORKING},
        host="somewhere",
        version="0.1.0",
        device_asked="auto",
        device="cpu",
        model_asked="null",
        models=("null",),
        in_flight=0,
        capacity=8,
        scans=0,
        frames=0,
        frames_per_s=0.0,
        timing=Timing(),
        faults=0,
        last_fault="",
        disagreements=0,
        last_result=None,
        last_sign=NOW,
        connected=NOW,
        memory_used_bytes=0,
        memory_total_bytes=0,
    )
    return replace(row, **changes)


def decided(at_s: float = NOW_S, outcome: Outcome = Outcome.CLEAN, **changes: Any) -> Decided:
    """Make an upload that was answered as the default table has it."""
    answer = DEFAULT_ANSWERS[outcome]
    made = Decided(
        at_s=at_s,
        scan_id="1",
        sha256="ab" * 32,
        kind="png",
        size_bytes=100,
        outcome=outcome,
        answer=answer,
        would_be=answer,
        parts=(),
        scanner="box",
        remembered=False,
        caller="lemmy",
        lane=Lane.LIVE,
        steps_ms={"body": 1.0, "total": 50.0},
    )
    return replace(made, **changes)


def snapshot(*scanners: ScannerStatus, checking: Checking = Checking.CHECKED, **changes: Any) -> Snapshot:
    """Make a snapshot of these scanners."""
    made = Snapshot(
        at=NOW,
        version="0.1.0",
        started=NOW,
        sentence=Sentence(checking, "Uploads are as they are.", NOW, 0, ""),
        scanners=scanners,
        refused=(),
        uploads=UploadLog(NOW_S).status(TIMELINE, 0),
        problems=(),
        lanes=tuple(LaneStatus(lane, 0, 0, 0.0) for lane in Lane),
        debts=DebtStatus(0, None, is_payable=True, fault=""),
        policy=PolicyStatus(
            name="bright",
            fingerprint="f" * 64,
            model="null",
            strictness="",
            mode=Mode.ENFORCE,
            outcomes=tuple(OutcomeRow(outcome, Answer.ACCEPT) for outcome in Outcome),
        ),
        callers=(),
        refused_requests=0,
    )
    return replace(made, **changes)
