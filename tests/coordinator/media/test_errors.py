"""Errors of cutting."""

from __future__ import annotations

import pytest

from coordinator.media.errors import CutTimedOut, MediaError, NoPlace, Reason, TooCostly, Unreadable, Unsupported


@pytest.mark.parametrize("kind", [CutTimedOut, NoPlace, TooCostly, Unreadable, Unsupported])
def test_error_says_its_reason(kind: type[MediaError]) -> None:
    """Every error has a reason of the closed set, and reads as that."""
    error = kind(Reason.CRASHED)
    assert isinstance(error, MediaError)
    assert error.reason is Reason.CRASHED
    assert str(error) == "its decoder crashed"
