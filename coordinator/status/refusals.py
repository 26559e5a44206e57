"""Attempts to connect as a scanner that were refused: whoever sets one up looks here first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coordinator.status.timeline import Timeline

MOST = 20
"""Kept of different attempts: one that is made again and again takes one place."""


class RefusalCause(StrEnum):
    """Why a scanner was not let in, as a sentence for the admin."""

    ANONYMOUS = "it sent no token"
    UNKNOWN = "its token is unknown or was revoked"
    WRONG_PROTOCOL = "its version speaks another protocol: install the same version on both sides"
    WRONG_HELLO = "what it said first was not understood: install the same version on both sides"


@dataclass(frozen=True, slots=True)
class RefusedAttempt:
    """An attempt that was refused; the same one again counts up."""

    cause: RefusalCause
    scanner: str
    """The name of its token; empty for a wrong one."""
    address: str
    first: datetime
    last: datetime
    count: int


@dataclass(slots=True)
class _Kept:
    first_s: float
    last_s: float
    count: int = 0


class Refusals:
    """The last attempts that differ. Bounded: strangers may try as often as they like."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[RefusalCause, str, str], _Kept] = OrderedDict()
        self.count = 0
        """Of all attempts since the start."""

    def note(self, cause: RefusalCause, address: str, now_s: float, *, scanner: str = "") -> None:
        """Take note of an attempt."""
        self.count += 1
        key = (cause, scanner, address)
        kept = self._kept.setdefault(key, _Kept(now_s, now_s))
        kept.last_s = now_s
        kept.count += 1
        self._kept.move_to_end(key)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def last_of(self, scanner: str) -> tuple[RefusalCause, float] | None:
        """Return why and when a scanner of this name was refused last."""
        found = [(kept.last_s, cause) for (cause, name, _), kept in self._kept.items() if name == scanner]
        if not found:
            return None
        last_s, cause = max(found)
        return cause, last_s

    def status(self, timeline: Timeline) -> tuple[RefusedAttempt, ...]:
        """Return the attempts, the latest first."""
        return tuple(
            RefusedAttempt(cause, scanner, address, timeline.at(kept.first_s), timeline.at(kept.last_s), kept.count)
            for (cause, scanner, address), kept in reversed(self._kept.items())
        )
