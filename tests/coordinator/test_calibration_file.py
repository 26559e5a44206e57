"""The last calibration is kept over a restart."""

from __future__ import annotations

import logging
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coordinator.calibration_file import keep_calibration, read_calibration
from coordinator.sweeps import Calibrated, LastCalibration

LAST = LastCalibration(
    at=datetime(2026, 11, 26, tzinfo=UTC),
    result=Calibrated(pictures=5000, flagged=7, low=0.0006, high=0.0029, policy="demo"),
)


def test_calibration_is_read_as_it_was_kept(tmp_path: Path) -> None:
    """What is kept is read, from a file that nobody else may read."""
    path = tmp_path / "calibration.json"
    assert read_calibration(path) is None
    keep_calibration(path, LAST)
    assert read_calibration(path) == LAST
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100, b'{"at": 1}' + b" " * 20_000])
def test_damaged_calibration_is_none(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged file keeps nobody from starting: it is said, and nothing is shown."""
    path = tmp_path / "calibration.json"
    path.write_bytes(content)
    assert read_calibration(path) is None
    assert "damaged" in caplog.text


def test_calibration_that_cannot_be_written_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that is not there costs a line in the log, and no more."""
    with caplog.at_level(logging.ERROR):
        keep_calibration(tmp_path / "nowhere" / "calibration.json", LAST)
    assert "cannot be written" in caplog.text
