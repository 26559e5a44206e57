"""What is said once."""

from __future__ import annotations

from coordinator.web.admin.flashes import MOST, Flash, Flashes
from coordinator.web.admin.sessions import Session


def test_flashes_are_said_once_to_the_one_who_asked() -> None:
    """And a token that was made is not in any repr."""
    flashes, anna, ben = Flashes(), Session("a", "anna"), Session("b", "ben")
    flash = Flash("done", token="secret")
    flashes.put(anna, flash)
    assert "secret" not in repr(flash)
    assert flashes.take(ben) is None
    assert flashes.take(anna) is flash
    assert flashes.take(anna) is None


def test_flashes_are_bounded() -> None:
    """What nobody came for is forgotten, the oldest first."""
    flashes, sessions = Flashes(), [Session(str(number), "") for number in range(MOST + 1)]
    for session in sessions:
        flashes.put(session, Flash(session.secret))
    assert flashes.take(sessions[0]) is None
    assert flashes.take(sessions[1]) is not None
