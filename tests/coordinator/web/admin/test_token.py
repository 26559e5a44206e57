"""The admin's token."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from coordinator.web.admin.token import AdminToken, open_token
from shared.errors import ConfigurationError


def request(*authorization: str) -> HTTPConnection:
    """Make a request with these Authorization headers."""
    headers = [(b"authorization", text.encode("latin-1")) for text in authorization]
    return HTTPConnection({"type": "http", "headers": headers})


def test_token_is_made_once(tmp_path: Path) -> None:
    """At the first start one is made and told; then the file, which only its owner can read, holds a hash of it."""
    file = tmp_path / "data" / "admin-token.sha256"
    first, made = open_token("", file)
    assert len(made) >= 32
    assert first.matches(made)
    assert made not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    again, nothing = open_token("", file)
    assert nothing == ""
    assert again.matches(made)
    assert not again.matches(f"{made}x")


def test_token_of_the_settings_wins(tmp_path: Path) -> None:
    """Then the file is neither made nor asked."""
    file = tmp_path / "admin-token.sha256"
    token, made = open_token("a-token-of-the-admin", file)
    assert token.matches("a-token-of-the-admin")
    assert made == ""
    assert not file.exists()


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 64, b"G" * 64])
def test_token_file_that_is_damaged_is_told(tmp_path: Path, content: bytes) -> None:
    """One sentence that names the file, instead of a page that nobody can open."""
    file = tmp_path / "admin-token.sha256"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"admin-token\.sha256"):
        open_token("", file)


@pytest.mark.parametrize(
    ("headers", "is_borne"),
    [
        ((), False),
        (("Bearer right-token",), True),
        (("bearer  right-token ",), True),
        (("Bearer wrong-token",), False),
        (("Basic right-token",), False),
        (("right-token",), False),
        (("Bearer",), False),
        (("Bearer r\xefght",), False),
    ],
)
def test_token_is_borne_by_a_request(headers: tuple[str, ...], is_borne: bool) -> None:
    """As a bearer token, and in no other way."""
    assert AdminToken.of("right-token").is_borne_by(request(*headers)) is is_borne
