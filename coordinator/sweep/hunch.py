"""Guess whether a content is known: as those before it were."""

from __future__ import annotations

MISSES = 8
"""After so many unknown contents in a row the next one is expected to be unknown as well."""

TRY_EVERY = 16
"""Of those that are expected to be unknown, one in so many is asked about all the same."""


class Hunch:
    """Say which contents to ask about before their bytes are sent: asking costs as much as sending a photograph."""

    def __init__(self) -> None:
        self._misses = 0
        self._passed_over = 0

    def is_worth_asking(self) -> bool:
        """Say whether to ask about the next content."""
        if self._misses < MISSES:
            return True
        self._passed_over = (self._passed_over + 1) % TRY_EVERY
        return self._passed_over == 0

    def note(self, *, is_known: bool) -> None:
        """Note what came of asking, or that what was sent was known."""
        self._misses = 0 if is_known else self._misses + 1
