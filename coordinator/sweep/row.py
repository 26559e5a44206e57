"""What became of one file in a sweep. Pure: no input or output."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from coordinator.judge.outcomes import JUDGED_BAD, UNSEEN, Outcome
from coordinator.sweep.item import Item

FAILED = "failed"
"""In the place of an outcome: the file could not be read, or nobody could look at all of it; it is tried again."""

GONE = "gone"
"""In the place of an outcome: the file was not there any more when its turn came."""

BAD = frozenset(map(str, JUDGED_BAD))
JUDGED = frozenset(map(str, {Outcome.CLEAN, Outcome.ALLOWED, *JUDGED_BAD}))
NOT_JUDGED = frozenset(map(str, Outcome)) - JUDGED - frozenset(map(str, UNSEEN))
"""Looked at in vain: unreadable, unsupported, too costly, too large, or too much for two scanners."""


class Action(StrEnum):
    """What was done about a file."""

    NONE = ""
    REPORTED = "reported"
    """Found, and left where it is."""
    REMOVING = "removing"
    """About to be removed: written before, so that a crash in between loses no trace."""
    REMOVED = "removed"
    """Gone, and looked for again."""
    KEPT = "kept"
    """It was to be removed and is still there; the row says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one file."""

    place: bytes
    tag: str
    size_bytes: int
    run: int
    outcome: str
    sha256: str = ""
    parts: tuple[str, ...] = ()
    action: Action = Action.NONE
    aliases: tuple[str, ...] = ()
    reason: str = ""

    @property
    def item(self) -> Item:
        """The file, for another try."""
        return Item(self.place, self.tag, self.size_bytes, aliases=self.aliases)
