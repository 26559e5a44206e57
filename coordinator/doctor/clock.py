"""Look at this machine's clock, beside those of what answered, and beside what was written down earlier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.findings import Finding, good, unknown, wrong

MOST_APART = timedelta(seconds=60)
"""Certificates, and times in the ledger that an admin compares, bear that much."""


def look_at_clock(own: datetime, others: Mapping[str, datetime], written: datetime | None) -> Finding:
    """Compare aware times: this machine's, those of others by their names, and of the newest entry of the ledger."""
    if written is not None and written > own + MOST_APART:
        return _wrong(f"the ledger holds an entry that is {_span(written - own)} in the future")
    apart = {name: other - own for name, other in others.items() if abs(other - own) > MOST_APART}
    if apart:
        return _wrong(
            ", ".join(
                f"it is {_span(abs(gap))} {'behind' if gap > timedelta() else 'ahead of'} that of {name}"
                for name, gap in apart.items()
            )
        )
    if not others:
        return unknown("clock", "nobody answered whose clock could be compared")
    return good("clock", f"within {MOST_APART.seconds} s of that of {', '.join(others)}")


def _wrong(sentence: str) -> Finding:
    return wrong(
        "clock",
        sentence,
        part="this machine's clock, or that other one's",
        cure="Let both follow network time (timedatectl set-ntp true); a container has the clock of its host.",
    )


def _span(gap: timedelta) -> str:
    seconds = round(gap.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
