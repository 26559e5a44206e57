"""The plainest rule: flagged when every part is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from coordinator.judge.definition import Definition
from coordinator.judge.margins import Margins, margin_of
from coordinator.judge.policy import Verdict
from coordinator.judge.rules.table import Table


@dataclass(frozen=True)
class EveryPartParameters:
    """This rule has no parameters."""


class EveryPart:
    """Flag a frame when each part has at least one term strictly over its threshold.

    Monotone: raising a similarity never turns flagged into clean.
    """

    REVISION: ClassVar[int] = 1
    PARTS: ClassVar[frozenset[str] | None] = None
    TABLES: ClassVar[Mapping[str, str | None] | None] = None
    PARAMETERS: ClassVar[type[EveryPartParameters]] = EveryPartParameters

    def __init__(self, definition: Definition, parameters: EveryPartParameters) -> None:
        self._terms = definition.terms
        self._names = definition.parts
        self._tables = {
            part: Table(definition, definition.effective_table(part, part=part)) for part in definition.parts
        }

    def judge(self, similarities: Sequence[float]) -> Verdict:
        """Judge one frame by its cosine similarities, in the order of the definition's terms."""
        found = {
            part: tuple([self._terms[column] for column in table.over(similarities)])
            for part, table in self._tables.items()
        }
        return Verdict.of(flagged=all(found.values()), names=self._names, found=found)

    def margins(self, similarities: Sequence[float]) -> Margins:
        """Say how far one frame is from being flagged."""
        parts = {part: margin_of(similarities, table.limits) for part, table in self._tables.items()}
        return Margins.where_all_are_needed(parts)
