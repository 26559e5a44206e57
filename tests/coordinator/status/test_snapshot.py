"""A snapshot as JSON."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from coordinator.status.problems import Cause, Problem
from coordinator.status.scanner import Connection
from coordinator.status.snapshot import Snapshot, as_plain
from coordinator.status.upload_log import UploadLog
from tests.coordinator.status.situations import NOW, NOW_S, TIMELINE, decided, scanner, snapshot


def test_snapshot_is_plain_json() -> None:
    """Everything is there: enums as their values, times as texts, and it can be written and read again."""
    log = UploadLog(NOW_S)
    log.note(decided())
    state = snapshot(
        scanner("box", Connection.WARMING_UP),
        uploads=log.status(TIMELINE, 1),
        problems=(Problem(Cause.NOT_CHECKED, "", "bad", "do", NOW),),
    )
    plain = state.as_json()
    assert json.loads(json.dumps(plain)) == plain
    assert set(plain) == set(Snapshot.__dataclass_fields__)
    assert plain["scanners"][0]["connection"] == "warming_up"
    assert plain["sentence"]["checking"] == "checked"
    assert plain["uploads"]["hour"]["clean"] == 1
    assert plain["uploads"]["recent"][0]["steps_ms"] == {"body": 1.0, "total": 50.0}
    assert datetime.fromisoformat(plain["at"]) == NOW


def test_snapshot_refuses_what_is_not_plain() -> None:
    """What must not be shown cannot slip in unnoticed."""
    with pytest.raises(AssertionError, match="bytes is not plain"):
        as_plain(b"pixels")
