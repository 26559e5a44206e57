"""How far the later look is, for the log. Pure: the time is an argument."""

from __future__ import annotations

from collections import Counter

from coordinator.later.plan import Settle, Step

TELL_EVERY_S = 30.0


class Progress:
    """Count what became of debts since there was nothing to do."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._told_s: float | None = None
        self._ended = False

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in sorted(self._counts.items())) or "nothing yet"

    def note(self, step: Step, now_s: float) -> bool:
        """Count a debt; say whether it is time for a line in the log: at the first one, then now and then."""
        if self._ended:
            self._counts.clear()
            self._ended, self._told_s = False, None
        self._counts[step.how if isinstance(step, Settle) else "postponed"] += 1
        if self._told_s is not None and now_s - self._told_s < TELL_EVERY_S:
            return False
        self._told_s = now_s
        return True

    def end(self) -> bool:
        """Take note that nothing is due; say whether that is news."""
        is_news = bool(self._counts) and not self._ended
        self._ended = True
        return is_news
