"""What a page says once, after something was done."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from coordinator.web.admin.sessions import Session

MOST = 64


@dataclass(frozen=True, slots=True)
class Flash:
    """A sentence, its kind (`ok` or `bad`), and a token that was made just now."""

    text: str
    kind: str = "ok"
    token: str = field(default="", repr=False)


class Flashes:
    """Keep one for each session until its next page."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Flash] = OrderedDict()

    def put(self, session: Session, flash: Flash) -> None:
        """Have something said; what was to be said before is forgotten."""
        self._kept[session.csrf] = flash
        self._kept.move_to_end(session.csrf)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def take(self, session: Session) -> Flash | None:
        """Return what is to be said, once."""
        return self._kept.pop(session.csrf, None)
