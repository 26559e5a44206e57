"""A table of thresholds, laid out so that one frame is compared with all of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from operator import gt, itemgetter

from coordinator.judge.definition import Definition


class Table:
    """Find the columns of a frame that are strictly over their thresholds.

    `limits` maps terms of the definition to thresholds; there must be at least one. `exact` are the thresholds that
    these were made of, where they were made to be compared with what is not rounded.
    """

    __slots__ = ("_columns", "_exact", "_limits", "_pick")

    def __init__(
        self, definition: Definition, limits: Mapping[str, float], *, exact: Mapping[str, float] | None = None
    ) -> None:
        self._columns = definition.columns(limits, key="thresholds")
        self._limits = tuple(limits.values())
        self._exact = tuple((exact or limits).values())
        # itemgetter gives a bare value for a single column: two more make it a tuple always, and are never compared.
        self._pick = itemgetter(*self._columns, 0, 0)

    def over(self, similarities: Sequence[float]) -> list[int]:
        """Return the columns strictly over their thresholds, in the order of the table."""
        return list(compress(self._columns, map(gt, self._pick(similarities), self._limits)))

    @property
    def limits(self) -> tuple[tuple[int, float], ...]:
        """Columns and their exact thresholds, in the order of the table."""
        return tuple(zip(self._columns, self._exact, strict=True))
