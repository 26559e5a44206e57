"""A table of thresholds, laid out so that one frame is compared with all of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from operator import gt, itemgetter

from coordinator.judge.definition import Definition


class Table:
    """Find the columns of a frame that are strictly over their thresholds.

    `limits` maps terms of the definition to thresholds; there must be at least one.
    """

    __slots__ = ("_columns", "_limits", "_pick")

    def __init__(self, definition: Definition, limits: Mapping[str, float]) -> None:
        self._columns = definition.columns(limits, key="thresholds")
        self._limits = tuple(limits.values())
        # itemgetter gives a bare value for a single column: two more make it a tuple always, and are never compared.
        self._pick = itemgetter(*self._columns, 0, 0)

    def over(self, similarities: Sequence[float]) -> list[int]:
        """Return the columns strictly over their thresholds, in the order of the table."""
        return list(compress(self._columns, map(gt, self._pick(similarities), self._limits)))
