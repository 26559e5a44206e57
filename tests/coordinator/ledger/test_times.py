"""Times as they are kept and given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from coordinator.ledger.times import from_seconds, parse_since, to_seconds
from tests.coordinator.ledger.making import START


def test_times_come_back() -> None:
    """A time survives being kept, to the second, wherever its clock stands."""
    elsewhere = START.astimezone(timezone(timedelta(hours=5)))
    assert from_seconds(to_seconds(elsewhere)) == START


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", START - timedelta(minutes=90)),
        ("12h", START - timedelta(hours=12)),
        ("7d", START - timedelta(days=7)),
        ("2025-12-31", datetime(2025, 12, 31, tzinfo=UTC)),
        ("2025-12-31T10:30", datetime(2025, 12, 31, 10, 30, tzinfo=UTC)),
        ("2025-12-31T10:30+02:00", datetime(2025, 12, 31, 8, 30, tzinfo=UTC)),
    ],
)
def test_times_since(text: str, expected: datetime) -> None:
    """A span counts back from now; a time without a zone is UTC."""
    assert parse_since(text, START) == expected


@pytest.mark.parametrize("text", ["", "d", "7w", "yesterday", "-7d", "99999999d", "999999d"])
def test_times_since_wrong(text: str) -> None:
    """What is neither is refused."""
    with pytest.raises(ValueError, match=r".*"):
        parse_since(text, START)
