"""Who is logged in."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coordinator.web.admin.sessions import LASTS, MOST, Sessions

TOKEN = "0" * 64


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


async def test_sessions_outlive_a_restart(tmp_path: Path) -> None:
    """The file, for the owner alone, holds no secret, and the next process finds the session by it."""
    file = tmp_path / "sessions.json"
    session = await Sessions(file, token_sha256=TOKEN).open("anna")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert session.secret not in file.read_text()
    assert session.secret not in repr(session)
    found = Sessions(file, token_sha256=TOKEN).find(session.secret)
    assert found == session


async def test_sessions_end(tmp_path: Path) -> None:
    """By logging out, after a week, and when the admin token is another one."""
    clock, file = Clock(), tmp_path / "sessions.json"
    sessions = Sessions(file, token_sha256=TOKEN, clock=clock)
    first, second = await sessions.open("anna"), await sessions.open("ben")
    await sessions.close(first)
    assert sessions.find(first.secret) is None
    assert Sessions(file, token_sha256=TOKEN, clock=clock).find(first.secret) is None
    assert sessions.find(second.secret) == second
    assert Sessions(file, token_sha256="1" * 64, clock=clock).find(second.secret) is None
    clock.at += LASTS - timedelta(seconds=1)
    assert sessions.find(second.secret) == second
    clock.at += timedelta(seconds=1)
    assert sessions.find(second.secret) is None
    assert sessions.find("") is None


async def test_sessions_are_bounded(tmp_path: Path) -> None:
    """The oldest makes room."""
    sessions = Sessions(tmp_path / "sessions.json", token_sha256=TOKEN)
    opened = [await sessions.open("anna") for _ in range(MOST + 1)]
    assert [sessions.find(session.secret) for session in opened] == [None, *opened[1:]]


async def test_sessions_form_token_belongs_to_one_session(tmp_path: Path) -> None:
    """Each has its own, which tells nothing of the secret."""
    sessions = Sessions(tmp_path / "sessions.json", token_sha256=TOKEN)
    first, second = await sessions.open("anna"), await sessions.open("anna")
    assert first.sent(first.csrf)
    assert not first.sent(second.csrf)
    assert not first.sent("")
    assert not first.sent("é")
    assert first.secret not in first.csrf


async def test_sessions_go_on_without_their_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged file means logging in again; one that cannot be written means that a restart does."""
    file = tmp_path / "sessions.json"
    file.write_text("{")
    sessions = Sessions(file, token_sha256=TOKEN)
    assert "log in again" in caplog.text
    gone = Sessions(tmp_path / "not-there" / "sessions.json", token_sha256=TOKEN)
    for one in (sessions, gone):
        session = await one.open("anna")
        assert one.find(session.secret) == session
    assert "cannot be written" in caplog.text
