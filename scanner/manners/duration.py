"""Lengths of time as people write them."""

from __future__ import annotations

import re

FORM = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?", re.ASCII)

UNITS_S = (24 * 3600, 3600, 60, 1)

LONGEST_S = 366 * 24 * 3600


def parse_duration(text: str) -> int:
    """Return the seconds of `2h`, `90m`, `1h30m`, `1d` or `45s`: 1 s to 366 days. Raises ValueError with a sentence."""
    found = FORM.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        raise ValueError("write a time like 2h, 90m or 1h30m")
    duration_s = sum(int(number or 0) * unit_s for number, unit_s in zip(found.groups(), UNITS_S, strict=True))
    if not 0 < duration_s <= LONGEST_S:
        raise ValueError("choose a time from one second to 366 days")
    return duration_s
