"""Places that tell when a file came: pict-rs stores each under a version-7 UUID, cut into folders. Pure.

A version-7 UUID (RFC 9562) begins with 48 bits of milliseconds since 1970; as folders: `01/9a/b2/c3/d4/e5/7…`.
"""

from __future__ import annotations

import re

UUID_MS_DIGITS = 12

_HEX_FOLDERS = re.compile(rb"(?:[0-9a-f]{2}/){1,6}")
_WHOLE = re.compile(rb"(?:^|/)((?:[0-9a-f]{2}/){6})7[0-9a-f]/")
_PLAIN = re.compile(rb"(?:^|/)([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

EARLIEST_MS, LATEST_MS = 1_600_000_000_000, 4_000_000_000_000
"""2020 to 2096: other numbers are no times, and the folders are those of some other scheme."""


def came_s(place: bytes) -> float | None:
    """Return when a file came, in Unix time; None when its place does not tell."""
    found = _WHOLE.search(place) or _PLAIN.search(place)
    if found is None:
        return None
    moment_ms = int(b"".join(found.groups()).replace(b"/", b""), 16)
    return moment_ms / 1e3 if EARLIEST_MS <= moment_ms <= LATEST_MS else None


def may_hold_newer(folder: bytes, since_s: float) -> bool:
    """Say whether a folder of pict-rs's own store, with a slash at its end, may hold something that came since then.

    Other software names folders by hashes, which read as times too: ask only about pict-rs's.
    """
    if not _HEX_FOLDERS.fullmatch(folder):
        return True
    digits = folder.replace(b"/", b"").decode()
    return int(digits.ljust(UUID_MS_DIGITS, "f"), 16) >= since_s * 1e3


def first_since(since_s: float) -> bytes:
    """Return the place before all that came since then, among places that are such identifiers."""
    digits = f"{int(since_s * 1e3):0{UUID_MS_DIGITS}x}"
    return "/".join(digits[at : at + 2] for at in range(0, UUID_MS_DIGITS, 2)).encode()
