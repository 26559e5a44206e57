"""The rule that horde-safety had in 2023: points, with controls that move similarities first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from coordinator.judge.definition import Definition, DefinitionError
from coordinator.judge.margins import Margins, margin_of_points
from coordinator.judge.policy import Verdict
from coordinator.judge.rules.table import Table


@dataclass(frozen=True, kw_only=True)
class FediSafety2023Parameters:
    """Figures of the rule that are not thresholds of a term.

    `adjust` maps each term of the `control` table to what it does when it is over its threshold: pairs of a term of
    `minor` and what is added to its similarity. `explicit_bonus` is always added. `pairs` are terms for one and many of
    the same thing.
    """

    explicit_bonus: dict[str, float]
    adjust: dict[str, tuple[tuple[str, float], ...]]
    pairs: tuple[tuple[str, str], ...]
    minor_points_needed: int
    explicit_points_needed: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Add `delta` to a column unless its partner is over `unless_over`."""

    column: int
    delta: float
    partner: int | None
    unless_over: float


class FediSafety2023:
    """Flag a frame with enough minor points and enough explicit points.

    1. `explicit_bonus` is added to its terms.
    2. For each term of `control`, in order, that is over its threshold, its adjustments are made, in order; one is
       skipped where the partner of its term is over that term's threshold in `minor`. Later steps see the changes.
    3. Minor points: one for each term over `minor`, two for each over `minor_critical`. Explicit points: one for each
       term over `explicit`. A part is found when it has the points needed.

    Strictness moves the thresholds that are counted, not those that decide about controls and adjustments: so it never
    turns flagged into clean when it grows.

    Raising the similarity of an explicit term never turns flagged into clean. Nor does raising a minor term, as long as
    no control whose adjustments raise similarities is over its threshold; where one is, a minor term that rises can
    make its partner's raise be skipped, and so cost points.

    Source: horde-safety, as fedi-safety calls it (which always assumes an adult model, hence the bonus).
    """

    REVISION: ClassVar[int] = 1
    PARTS: ClassVar[frozenset[str] | None] = frozenset({"minor", "explicit"})
    TABLES: ClassVar[Mapping[str, str | None] | None] = {
        "minor": "minor",
        "minor_critical": "minor",
        "explicit": "explicit",
        "control": None,
    }
    PARAMETERS: ClassVar[type[FediSafety2023Parameters]] = FediSafety2023Parameters

    def __init__(self, definition: Definition, parameters: FediSafety2023Parameters) -> None:
        check_parameters(definition, parameters)
        self._terms = definition.terms
        self._names = definition.parts
        self._minor = Table(definition, definition.effective_table("minor", part="minor"))
        self._critical = Table(definition, definition.effective_table("minor_critical", part="minor"))
        self._explicit = Table(definition, definition.effective_table("explicit", part="explicit"))
        bonus_columns = definition.columns(parameters.explicit_bonus, key="parameters.explicit_bonus")
        self._bonus = tuple(zip(bonus_columns, parameters.explicit_bonus.values(), strict=True))
        self._controls = controls(definition, parameters)
        self._minor_needed = parameters.minor_points_needed
        self._explicit_needed = parameters.explicit_points_needed

    def judge(self, similarities: Sequence[float]) -> Verdict:
        """Judge one frame by its cosine similarities, in the order of the definition's terms."""
        adjusted = self._adjust(similarities)
        minor, critical = self._minor.over(adjusted), self._critical.over(adjusted)
        explicit = self._explicit.over(adjusted)
        points = {"minor": len(minor) + 2 * len(critical), "explicit": len(explicit)}
        is_minor = points["minor"] >= self._minor_needed
        is_explicit = points["explicit"] >= self._explicit_needed
        minor_columns = dict.fromkeys(minor + critical) if is_minor else ()
        found = {
            "minor": tuple([self._terms[column] for column in minor_columns]),
            "explicit": tuple([self._terms[column] for column in (explicit if is_explicit else ())]),
        }
        return Verdict.of(flagged=is_minor and is_explicit, names=self._names, found=found, points=points)

    def margins(self, similarities: Sequence[float]) -> Margins:
        """Say how far one frame is from being flagged."""
        adjusted = self._adjust(similarities)

        def points(table: Table, worth: int) -> list[tuple[float, int]]:
            return [(adjusted[column] - limit, worth) for column, limit in table.limits]

        return Margins.where_all_are_needed(
            {
                "minor": margin_of_points(points(self._minor, 1) + points(self._critical, 2), self._minor_needed),
                "explicit": margin_of_points(points(self._explicit, 1), self._explicit_needed),
            }
        )

    def _adjust(self, similarities: Sequence[float]) -> list[float]:
        """Return the similarities with the bonus and with what the controls do."""
        adjusted = list(similarities)
        for column, bonus in self._bonus:
            adjusted[column] += bonus
        for control, above, adjustments in self._controls:
            if adjusted[control] > above:
                for step in adjustments:
                    if step.partner is None or adjusted[step.partner] <= step.unless_over:
                        adjusted[step.column] += step.delta
        return adjusted


def controls(
    definition: Definition, parameters: FediSafety2023Parameters
) -> tuple[tuple[int, float, tuple[Adjustment, ...]], ...]:
    """Return, in order, each control's column, its threshold, and its adjustments."""
    partners = dict(parameters.pairs) | {many: one for one, many in parameters.pairs}
    column = {term: index for index, term in enumerate(definition.terms)}
    minor = definition.thresholds["minor"]
    return tuple(
        (
            column[control],
            above,
            tuple(
                Adjustment(
                    column=column[term],
                    delta=delta,
                    partner=column[partners[term]] if term in partners else None,
                    unless_over=minor[term],
                )
                for term, delta in parameters.adjust.get(control, ())
            ),
        )
        for control, above in definition.thresholds["control"].items()
    )


def check_parameters(definition: Definition, parameters: FediSafety2023Parameters) -> None:
    """Raise `DefinitionError` when the parameters or tables of a definition do not fit together."""
    tables = definition.thresholds
    paired = [term for pair in parameters.pairs for term in pair]
    if len(set(paired)) != len(paired):
        raise DefinitionError("parameters.pairs", "names a term twice")
    expected = (
        ("parameters.pairs", set(paired), "minor"),
        ("parameters.explicit_bonus", set(parameters.explicit_bonus), "explicit"),
        ("parameters.adjust", set(parameters.adjust), "control"),
        ("parameters.adjust", {term for steps in parameters.adjust.values() for term, _ in steps}, "minor"),
    )
    for key, terms, table in expected:
        if not terms <= tables[table].keys():
            raise DefinitionError(key, f"names a term that thresholds.{table} does not hold")
    for key in ("minor_points_needed", "explicit_points_needed"):
        # With no points needed, a part would be found in every frame without a term that made it.
        if getattr(parameters, key) < 1:
            raise DefinitionError(f"parameters.{key}", "is below 1")
