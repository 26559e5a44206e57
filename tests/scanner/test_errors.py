"""The sentences of the scanner's errors."""

from __future__ import annotations

import pytest

from scanner.errors import ChannelClosedError, DismissedError, TokenRefusedError
from shared.close_codes import CloseCode


@pytest.mark.parametrize("revoked", [False, True])
def test_refused_token_says_what_to_do(revoked: bool) -> None:
    """An admin reads how to get a new one."""
    assert "fediward-coordinator scanner new" in str(TokenRefusedError(revoked=revoked))


def test_superseded_scanner_says_what_to_do() -> None:
    """Two scanners with one token is a mistake that an admin can mend."""
    assert "give each its own token" in str(DismissedError(CloseCode.SUPERSEDED))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (None, "lost without a goodbye"),
        (4000, "closed with code 4000 (come back)"),
        (1012, "closed with code 1012 (not one of ours)"),
    ],
)
def test_closed_channel_is_told_in_words(code: int | None, sentence: str) -> None:
    """A log says more than a number."""
    assert str(ChannelClosedError(code)) == sentence
