"""The rule that fedi-safety uses for uploads, as horde-safety has had it since 2024."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from coordinator.judge.definition import Definition, DefinitionError
from coordinator.judge.margins import ALL_PARTS, LEAST, Margins, margin_of, margin_of_points
from coordinator.judge.policy import Verdict
from coordinator.judge.rules.table import Table

#: Similarities are compared after rounding to so many decimals.
DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class FediSafety2024Parameters:
    """Figures of the rule that are not thresholds of a term.

    `pairs` are terms for one and many of the same thing, which count once. `second_look_photo_fraction`, within [0, 1],
    is how far from a `minor` threshold to its `minor_danger` threshold the second look begins where there is no anime.
    Anime whose terms all stay below `anime_below` is taken back when a subject term that contains `photo_word` is above
    `photo_above`.
    """

    pairs: tuple[tuple[str, str], ...]
    second_look_photo_fraction: float
    photo_word: str
    anime_below: float
    photo_above: float


class FediSafety2024:
    """Flag a frame in which both an explicit part and a minor part are found.

    Every similarity is rounded to 4 decimals first; "over" is strictly greater than a threshold.
    - anime: a term is over `anime`; taken back for weak anime that looks like a photo (see the parameters).
    - subject: a term is over `subject`, or is in that table and over `minor_danger`.
    - explicit: only with a subject; a term is over `explicit`, or with anime over `explicit_when_anime` instead.
    - minor: a term is over `minor_danger`, or a second look finds at least two: with anime over `minor_anime` or
      `minor_anime_extra`, otherwise over the point that `second_look_photo_fraction` sets; of a pair, only the higher.

    Strictness of minor, explicit and subject moves their tables (the second look of a photo with them), and never turns
    flagged into clean when it grows. Anime has none: it chooses between tables, so neither direction is stricter.

    Raising the similarity of a term of the minor or explicit tables never turns flagged into clean, with one exception:
    the term contains the photo word, is also a subject term, and by rising above `photo_above` takes weak anime back,
    so that the frame is judged by the tables for photos instead. Raising an anime term can do it too, by the way round.

    Source: horde-safety, as fedi-safety calls it, without the second network that the original asks about anime.
    """

    REVISION: ClassVar[int] = 1
    PARTS: ClassVar[frozenset[str] | None] = frozenset({"anime", "subject", "explicit", "minor"})
    TABLES: ClassVar[Mapping[str, str | None] | None] = {
        "anime": None,
        "subject": "subject",
        "explicit": "explicit",
        "explicit_when_anime": "explicit",
        "minor": "minor",
        "minor_danger": "minor",
        "minor_anime": "minor",
        "minor_anime_extra": "minor",
    }
    PARAMETERS: ClassVar[type[FediSafety2024Parameters]] = FediSafety2024Parameters

    def __init__(self, definition: Definition, parameters: FediSafety2024Parameters) -> None:
        check_parameters(definition, parameters)
        self._terms = definition.terms
        self._names = definition.parts
        tables = definition.thresholds

        def table(limits: Mapping[str, float], part: str) -> Table:
            moved = {term: definition.effective(limit, part=part) for term, limit in limits.items()}
            return Table(definition, {term: rounded_limit(limit) for term, limit in moved.items()}, exact=moved)

        self._anime = table(tables["anime"], "anime")
        self._subject = table(tables["subject"], "subject")
        danger_subjects = {term: limit for term, limit in tables["minor_danger"].items() if term in tables["subject"]}
        self._danger_subject = table(danger_subjects, "minor") if danger_subjects else None
        self._explicit = table(tables["explicit"], "explicit")
        self._explicit_when_anime = table(tables["explicit_when_anime"], "explicit")
        self._danger = table(tables["minor_danger"], "minor")
        self._second_anime = (table(tables["minor_anime"], "minor"), table(tables["minor_anime_extra"], "minor"))
        self._second_photo = (
            table(
                {
                    term: limit + (tables["minor_danger"][term] - limit) * parameters.second_look_photo_fraction
                    for term, limit in tables["minor"].items()
                },
                "minor",
            ),
        )
        self._pairs = tuple(definition.columns(pair, key="parameters.pairs") for pair in parameters.pairs)
        self._one_of_pair = {many: one for one, many in self._pairs}
        photos = [term for term in tables["subject"] if parameters.photo_word in term]
        self._photos = definition.columns(photos, key="thresholds.subject")
        self._anime_below = parameters.anime_below
        self._photo_above = parameters.photo_above

    def judge(self, similarities: Sequence[float]) -> Verdict:
        """Judge one frame by its cosine similarities, in the order of the definition's terms."""
        anime = self._anime.over(similarities)
        if anime and self._is_photo(similarities, anime):
            anime = []
        subject = self._subject.over(similarities)
        if self._danger_subject:
            subject = list(dict.fromkeys(subject + self._danger_subject.over(similarities)))
        explicit = (self._explicit_when_anime if anime else self._explicit).over(similarities) if subject else []
        second_look = self._second_anime if anime else self._second_photo
        minor = self._danger.over(similarities) or self._look_again(similarities, second_look)
        found = {
            part: tuple([self._terms[column] for column in columns])
            for part, columns in (("anime", anime), ("subject", subject), ("explicit", explicit), ("minor", minor))
        }
        return Verdict.of(flagged=bool(minor and explicit), names=self._names, found=found)

    def margins(self, similarities: Sequence[float]) -> Margins:
        """Say how far one frame is from being flagged."""
        anime = self._anime.over(similarities)
        if anime and self._is_photo(similarities, anime):
            anime = []
        rounded = [round(similarity, DECIMALS) for similarity in similarities]

        def margin(*tables: Table) -> float:
            return max(margin_of(rounded, table.limits) for table in tables)

        explicit = margin(self._explicit_when_anime if anime else self._explicit)
        minor = max(
            margin(self._danger), self._second_margin(rounded, self._second_anime if anime else self._second_photo)
        )
        # A subject by the table of the minor part moves with that part.
        subject, danger = margin(self._subject), margin(self._danger_subject) if self._danger_subject else LEAST
        parts = {"subject": max(subject, danger), "explicit": explicit, "minor": minor}
        never = math.inf
        return Margins.rounded(
            parts,
            {
                "subject": never if explicit <= 0 or minor <= 0 else LEAST if danger > 0 else -subject,
                "explicit": never if parts["subject"] <= 0 or minor <= 0 else -explicit,
                "minor": never if explicit <= 0 else -minor if subject > 0 else max(-minor, -danger),
                ALL_PARTS: max(-explicit, -minor, -parts["subject"]),
            },
        )

    def _second_margin(self, rounded: Sequence[float], tables: tuple[Table, ...]) -> float:
        """Return the margin of a second look: that of the second best of its columns, a pair counted once."""
        best: dict[int, float] = {}
        for table in tables:
            for column, limit in table.limits:
                one = self._one_of_pair.get(column, column)
                best[one] = max(best.get(one, LEAST), rounded[column] - limit)
        return margin_of_points(((margin, 1) for margin in best.values()), 2)

    def _is_photo(self, similarities: Sequence[float], anime: list[int]) -> bool:
        """Tell whether anime is only weak and the frame looks like a photo."""
        return all(round(similarities[column], DECIMALS) < self._anime_below for column in anime) and any(
            round(similarities[column], DECIMALS) > self._photo_above for column in self._photos
        )

    def _look_again(self, similarities: Sequence[float], tables: tuple[Table, ...]) -> list[int]:
        """Return the columns over the thresholds of a second look, a pair counted once; none if fewer than two."""
        found = list(dict.fromkeys(column for table in tables for column in table.over(similarities)))
        for one, many in self._pairs:
            if one in found and many in found:
                one_lower = round(similarities[one], DECIMALS) <= round(similarities[many], DECIMALS)
                found.remove(one if one_lower else many)
        return found if len(found) > 1 else []


@cache
def rounded_limit(threshold: float) -> float:
    """Return the largest number that is not over a threshold once it has been rounded to DECIMALS.

    So a frame is compared as it is, without rounding each of its similarities. Rounding keeps the order of numbers,
    therefore there is one such limit, and halving finds it to the last bit.
    """
    step: float = 10.0**-DECIMALS
    below, over = threshold - step, threshold + step
    while below < (middle := (below + over) / 2) < over:
        if round(middle, DECIMALS) > threshold:
            over = middle
        else:
            below = middle
    return below


def check_parameters(definition: Definition, parameters: FediSafety2024Parameters) -> None:
    """Raise `DefinitionError` when the parameters or tables of a definition do not fit together."""
    for key in ("anime_below", "photo_above"):
        if not -1 <= getattr(parameters, key) <= 1:
            raise DefinitionError(f"parameters.{key}", "is not within [-1, 1]")
    if not 0 <= parameters.second_look_photo_fraction <= 1:
        raise DefinitionError("parameters.second_look_photo_fraction", "is not within [0, 1]")
    if not parameters.photo_word:
        raise DefinitionError("parameters.photo_word", "is empty")
    paired = [term for pair in parameters.pairs for term in pair]
    if len(set(paired)) != len(paired):
        raise DefinitionError("parameters.pairs", "names a term twice")
    if not definition.thresholds["minor"].keys() <= definition.thresholds["minor_danger"].keys():
        raise DefinitionError("thresholds.minor", "holds a term that thresholds.minor_danger does not hold")
