"""Times as the ledger keeps them: whole seconds since 1970, UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def now() -> datetime:
    """Return the time, aware."""
    return datetime.now(UTC)


def to_seconds(at: datetime) -> int:
    """Turn an aware time into what is stored."""
    assert at.tzinfo is not None, "a time without a zone"
    return int(at.timestamp())


def from_seconds(seconds: int) -> datetime:
    """Turn what is stored into an aware time."""
    return datetime.fromtimestamp(seconds, UTC)


def parse_since(text: str, at: datetime) -> datetime:
    """Read a time (ISO 8601, UTC unless it says otherwise) or a span before `at`, such as 30s, 90m, 12h or 7d.

    Raises ValueError.
    """
    if match := _SPAN.fullmatch(text):
        try:
            return at - timedelta(**{_UNITS[match[2]]: int(match[1])})
        except OverflowError:
            raise ValueError(f"{text} before {at} is no time") from None
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
