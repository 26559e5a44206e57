"""From settings to a watch: what was asked for is there, or the scanner says so before it starts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from scanner.manners.opening import open_watch
from scanner.manners.state_dir import StateDir
from scanner.settings import Settings, read_settings
from shared.errors import ConfigurationError


def settings(**options: Any) -> Settings:
    """Read settings with these options and without `.env`."""
    return read_settings({"coordinator": "wss://a.example", **options}, env_file=None)


def test_watch_claims_its_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever pauses can see that a scanner hears it; the hours are in the log."""
    with caplog.at_level(logging.INFO, "scanner.manners"):
        watch = open_watch(settings(state_dir=tmp_path / "s", hours="22-8"))
    assert StateDir(tmp_path / "s").is_claimed()
    assert "works at 22:00-08:00" in caplog.text
    watch.close()
    assert not StateDir(tmp_path / "s").is_claimed()


def test_paused_start_is_paused(tmp_path: Path) -> None:
    """The first thing that a session can say is the pause."""
    watch = open_watch(settings(state_dir=tmp_path, start_paused=True))
    assert watch.pauses.reason == "started paused, until `fediward-scanner resume`"
    watch.close()


def test_folder_that_was_chosen_must_work(tmp_path: Path) -> None:
    """A folder that somebody named and that cannot be used is a wrong setting."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"^FEDIWARD_STATE_DIR: cannot use .*file: File exists"):
        open_watch(settings(state_dir=tmp_path / "file"))


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("hours", "late", "FEDIWARD_HOURS is wrong: write hours like 22-08, or 21:30-7:15"),
        ("yield_gpu", "0%", "FEDIWARD_YIELD_GPU is wrong: input should be greater than or equal to 1"),
        ("yield_gpu", "101", "FEDIWARD_YIELD_GPU is wrong: input should be less than or equal to 100"),
        ("yield_gpu", "much", "FEDIWARD_YIELD_GPU is wrong: input should be a valid number"),
        ("start_paused", "perhaps", "FEDIWARD_START_PAUSED is wrong"),
    ],
)
def test_wrong_setting_is_a_sentence(option: str, value: str, sentence: str) -> None:
    """The sentence names the variable."""
    with pytest.raises(ConfigurationError, match=sentence):
        settings(**{option: value})


@pytest.mark.parametrize(("text", "percent"), [("30%", 30.0), ("30 %", 30.0), ("12.5", 12.5), (40, 40.0)])
def test_share_is_read_with_its_sign_or_without(text: object, percent: float) -> None:
    """30% and 30 are the same."""
    assert settings(yield_gpu=text).yield_gpu == percent


def test_command_that_connects_nowhere_needs_no_coordinator() -> None:
    """`pause` works without the settings of `run`."""
    assert read_settings({}, env_file=None, connects=False).coordinator == ""
