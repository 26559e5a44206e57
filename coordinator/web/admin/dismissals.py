"""Notices that an admin has seen, and does not want to see for a day."""

from __future__ import annotations

from collections import OrderedDict

LASTS_S = 86_400.0
MOST = 1000


class Dismissals:
    """Keep the keys of notices, for everybody who looks; a restart forgets them. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._until_s: OrderedDict[str, float] = OrderedDict()

    def dismiss(self, key: str, now_s: float) -> None:
        """Hide a notice for a day."""
        self._until_s[key] = now_s + LASTS_S
        self._until_s.move_to_end(key)
        if len(self._until_s) > MOST:
            self._until_s.popitem(last=False)

    def hides(self, key: str, now_s: float) -> bool:
        """Say whether a notice is hidden now."""
        return self._until_s.get(key, 0.0) > now_s
