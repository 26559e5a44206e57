"""Policies and verdicts: from the similarities of one frame to clean or flagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from coordinator.judge.definition import Definition
from coordinator.judge.margins import Margins, of_upload


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what a policy makes of one frame.

    `parts` are the display names of the parts found, in the policy's order, also where the frame is clean: admins see
    them. `points` are those of a rule that counts, by part; empty otherwise. `found` maps the key of each part found to
    the terms that made it: for `policy judge` only, never to be logged or stored.
    """

    flagged: bool
    parts: tuple[str, ...] = ()
    points: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        *,
        flagged: bool,
        names: Mapping[str, str],
        found: Mapping[str, tuple[str, ...]],
        points: Mapping[str, int] | None = None,
    ) -> Verdict:
        """Make a verdict of what was found; parts without terms are left out, the others are ordered as in `names`."""
        kept = {key: found[key] for key in names if found.get(key)}
        return cls(flagged=flagged, parts=tuple([names[key] for key in kept]), points=points or {}, found=kept)


class Rule(Protocol):
    """What every rule is: a class that is made of a definition, then judges one frame after another.

    A rule is added by one file in `rules/`, one line in its table and one TOML; nothing else knows rules by name.
    """

    #: Raised whenever the code judges differently for the same definition: it is part of the fingerprint.
    REVISION: ClassVar[int]
    #: The parts that a policy of this rule must name; None: any, at least one.
    PARTS: ClassVar[frozenset[str] | None]
    #: The tables of thresholds that it must have, each with the part whose strictness moves it, None where strictness
    #: means nothing; None instead of a mapping: one table for each part, of the same key.
    TABLES: ClassVar[Mapping[str, str | None] | None]
    #: A frozen dataclass with one field for each key of the file's [parameters].
    PARAMETERS: ClassVar[type[Any]]

    def __init__(self, definition: Definition, parameters: Any) -> None:
        """Work out all that does not depend on the frame; raise `DefinitionError` for one that makes no sense."""

    def judge(self, similarities: Sequence[float]) -> Verdict:
        """Judge one frame: `similarities[i]`, within [-1, 1], belongs to `definition.terms[i]`."""

    def margins(self, similarities: Sequence[float]) -> Margins:
        """Say how far one frame is from being flagged, in full agreement with `judge`."""


@dataclass(frozen=True, eq=False)
class Policy:
    """Bind a name to a definition and the rule that was made of it."""

    name: str
    fingerprint: str
    definition: Definition = field(repr=False)
    rule: Rule = field(repr=False)

    @property
    def model(self) -> str:
        """Return the model, such as "ViT-L-14/openai", on whose similarities the thresholds lie."""
        return self.definition.model

    @property
    def frame_size(self) -> int:
        """Return the side, in pixels, of the frames that the model takes."""
        return self.definition.frame_size

    @property
    def terms(self) -> tuple[str, ...]:
        """Return what the scanner compares frames with, in the order of the columns of the scores."""
        return self.definition.terms

    @property
    def parts(self) -> Mapping[str, str]:
        """Return the display name of each part by its key."""
        return self.definition.parts

    def judge(self, similarities: Sequence[float]) -> Verdict:
        """Judge one frame by its cosine similarities, one for each term, finite and within [-1, 1].

        Raise `ValueError` when there are more or fewer of them than terms; the caller checks their range.
        """
        if len(similarities) != len(self.definition.terms):
            raise ValueError(f"{len(similarities)} similarities for {len(self.definition.terms)} terms")
        return self.rule.judge(similarities)

    def margins(self, rows: Sequence[Sequence[float]]) -> Margins:
        """Say how far an upload is from being flagged, by the similarities of its frames, at least one."""
        return of_upload([self.rule.margins(row) for row in rows])


def worst(verdicts: Sequence[Verdict]) -> int:
    """Return the index of the verdict that stands for an upload: a flagged one first, then most parts, then earliest.

    Raise `ValueError` when there are none.
    """
    return max(range(len(verdicts)), key=lambda index: (verdicts[index].flagged, len(verdicts[index].parts), -index))
