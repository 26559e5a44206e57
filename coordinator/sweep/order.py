"""Places that tell when a file came. Pure.

pict-rs stores each under a version-7 UUID, cut into folders: it begins with 48 bits of milliseconds since 1970
(RFC 9562), as in `01/9a/b2/c3/d4/e5/7…`.

Mastodon stores what its own users upload under a number whose upper bits, above 16, are milliseconds since 1970
(`lib/mastodon/snowflake.rb`), cut into folders of three digits: `media_attachments/files/113/…`. What it keeps of
other servers, below `cache/`, comes and goes under old numbers, as avatars do: these places tell nothing.
"""

from __future__ import annotations

import re

UUID_MS_DIGITS = 12
NUMBER_DIGITS = 18
NUMBER_BITS = 16

_HEX_FOLDERS = re.compile(rb"(?:[0-9a-f]{2}/){1,6}")
_WHOLE = re.compile(rb"(?:^|/)((?:[0-9a-f]{2}/){6})7[0-9a-f]/")
_PLAIN = re.compile(rb"(?:^|/)([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_MASTODON = re.compile(rb"((?:^|.*/)(?<!cache/)media_attachments/files/)((?:[0-9]{3}/){1,6})(.*)", re.DOTALL)

MASTODON_TAKES_S = 86_400.0
"""Mastodon gives a video its number first, and stores it once it, and those before it, have been made smaller."""

EARLIEST_MS, LATEST_MS = 1_600_000_000_000, 4_000_000_000_000
"""2020 to 2096: other numbers are no times, and the folders are those of some other scheme."""


def came_s(place: bytes) -> float | None:
    """Return when a file came, in Unix time; None when its place does not tell."""
    found = _WHOLE.search(place) or _PLAIN.search(place)
    if found is None:
        return None
    moment_ms = int(b"".join(found.groups()).replace(b"/", b""), 16)
    return moment_ms / 1e3 if EARLIEST_MS <= moment_ms <= LATEST_MS else None


def may_hold_newer(folder: bytes, since_s: float, *, whole: bytes, is_pictrs: bool) -> bool:
    """Say whether a folder, with a slash at its end, may hold something that came since then.

    `whole` is its path from the root of the machine: what is below `cache/` is known by that also where the sweep began
    there.
    Only of pict-rs's own store its folders are asked: other software names folders by hashes, which read as times too.
    """
    if is_pictrs and _HEX_FOLDERS.fullmatch(folder):
        digits = folder.replace(b"/", b"").decode()
        return int(digits.ljust(UUID_MS_DIGITS, "f"), 16) >= since_s * 1e3
    found = _MASTODON.fullmatch(whole)
    if found is None or found[3]:
        return True
    digits = found[2].replace(b"/", b"").decode()
    return int(digits.ljust(NUMBER_DIGITS, "9")) >> NUMBER_BITS >= (since_s - MASTODON_TAKES_S) * 1e3


def first_since(since_s: float) -> bytes:
    """Return the place before all that came since then, among places that are such identifiers."""
    digits = f"{int(since_s * 1e3):0{UUID_MS_DIGITS}x}"
    return "/".join(digits[at : at + 2] for at in range(0, UUID_MS_DIGITS, 2)).encode()


def skip_to(place: bytes, since_s: float) -> bytes | None:
    """Return the place to go on at in a listing by place, where all from this one up to there came before that time.

    None where that cannot be told.
    """
    found = _MASTODON.fullmatch(place)
    if found is None:
        return None
    digits = f"{int((since_s - MASTODON_TAKES_S) * 1e3) << NUMBER_BITS:0{NUMBER_DIGITS}d}"
    first = found[1] + "/".join(digits[at : at + 3] for at in range(0, NUMBER_DIGITS, 3)).encode()
    return first if place < first else None
