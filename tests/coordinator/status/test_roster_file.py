"""What is known of scanners outlives a restart."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from coordinator.status.roster import Roster
from coordinator.status.roster_file import RosterFile
from coordinator.status.timeline import Timeline
from tests.coordinator.status.hellos import hello, result
from tests.coordinator.status.situations import NOW, NOW_S, TIMELINE


def test_roster_file_is_read_again(tmp_path: Path) -> None:
    """After a restart, by another clock, times are the same; who was connected is away since its last word."""
    roster = Roster()
    roster.greet("away", 1, hello(), "", NOW_S - 100)
    roster.result("away", result(frames=3), NOW_S - 80, NOW_S - 79)
    roster.fault("away", "internal")
    roster.leave("away", 1, "connection lost", 0, NOW_S - 60)
    roster.greet("here", 2, hello(), "", NOW_S - 30)
    file = tmp_path / "scanners.json"
    RosterFile.of(roster.records, TIMELINE).write(file)
    assert file.stat().st_mode & 0o777 == 0o600

    later = Timeline(5.0, NOW + timedelta(hours=1))
    away, here = RosterFile.read(file).records(later)
    assert later.at_or_none(away.left_s) == NOW - timedelta(seconds=60)
    assert later.at_or_none(away.last_result_s) == NOW - timedelta(seconds=79)
    assert (away.scans, away.frames, away.faults, away.last_fault) == (1, 3, 1, "internal")
    assert (away.left_why, away.device, away.models, away.generation) == ("connection lost", "cpu", ("null",), 0)
    assert later.at_or_none(here.left_s) == NOW - timedelta(seconds=30)
    assert here.left_why == "the coordinator was restarted"


@pytest.mark.parametrize("text", ["", "{", '{"scanners": [{}]}', "[]"])
def test_roster_file_that_is_damaged_is_as_none(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """The coordinator starts all the same, and says so; a missing one is no news."""
    file = tmp_path / "scanners.json"
    assert RosterFile.read(file) == RosterFile()
    assert not caplog.text
    file.write_text(text)
    assert RosterFile.read(file) == RosterFile()
    assert "cannot be read" in caplog.text
