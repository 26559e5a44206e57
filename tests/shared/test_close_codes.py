"""The close codes and what they ask for."""

from __future__ import annotations

from shared.close_codes import CloseCode


def test_codes_are_private() -> None:
    """Our codes lie in the range that the WebSocket protocol leaves to applications (RFC 6455, 7.4.2)."""
    assert all(4000 <= code <= 4999 for code in CloseCode)


def test_codes_that_end_a_scanner() -> None:
    """Only a revoked token, a newer connection and a goodbye keep a scanner from coming back."""
    assert {code for code in CloseCode if not code.may_retry} == {
        CloseCode.SUPERSEDED,
        CloseCode.REVOKED,
        CloseCode.DONE,
    }
