"""The close codes and what they ask for."""

from __future__ import annotations

from shared.close_codes import MAX_REASON_BYTES, CloseCode, cut_reason


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


def test_reason_is_cut_between_characters() -> None:
    """It fits into a close frame, counted in bytes, and stays text."""
    assert cut_reason("漢" * 100) == "漢" * (MAX_REASON_BYTES // 3)
    assert cut_reason("é" * 100) == "é" * (MAX_REASON_BYTES // 2)
    assert cut_reason("as it is") == "as it is"
