"""What a policy says, checked and complete, before a rule is made of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

#: Side of the frames of most CLIP models, ViT-L-14 among them, in pixels.
DEFAULT_FRAME_SIZE = 224


class DefinitionError(ValueError):
    """Says that a rule cannot be made of a definition: `key` is wrong because of `what`.

    A rule does not know which file it is made of; the loader adds that and raises `PolicyError`.
    """

    def __init__(self, key: str, what: str) -> None:
        super().__init__(key, what)
        self.key = key
        self.what = what

    def __str__(self) -> str:
        return f"{self.key} {self.what}"


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Hold the effective content of a policy: what its file says, what it extends, and the admin's strictness.

    `thresholds` maps a table to its terms and their thresholds on the cosine similarity, within [-1, 1]. `strictness`
    maps a part to what its thresholds are lowered by, in units of similarity; parts that are left alone are absent.
    `frame_size` is the side, in pixels, of the frames that the model takes.
    """

    rule: str
    model: str
    parts: Mapping[str, str]
    thresholds: Mapping[str, Mapping[str, float]] = field(repr=False)
    parameters: Mapping[str, object] = field(repr=False)
    strictness: Mapping[str, float] = field(default_factory=dict)
    frame_size: int = DEFAULT_FRAME_SIZE

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """Return every term once, in order of first appearance: the columns of the scores."""
        return tuple(dict.fromkeys(term for table in self.thresholds.values() for term in table))

    @cached_property
    def _columns(self) -> Mapping[str, int]:
        return {term: column for column, term in enumerate(self.terms)}

    def columns(self, terms: Iterable[str], *, key: str) -> tuple[int, ...]:
        """Return the column of each term; raise `DefinitionError` naming `key` when one is in no table.

        The error does not quote the term: labels of a protective classifier stay out of logs.
        """
        wanted = tuple(terms)
        if any(term not in self._columns for term in wanted):
            raise DefinitionError(key, "names a term that no table of thresholds holds")
        return tuple(self._columns[term] for term in wanted)

    def effective(self, threshold: float, *, part: str) -> float:
        """Return a threshold lowered by the strictness of its part.

        Untouched figures stay exact; moved ones are rounded to 10 decimals, so that 0.3 - 0.1 is 0.2 and a similarity
        that equals the threshold is still not over it.
        """
        strictness = self.strictness.get(part, 0.0)
        return round(threshold - strictness, 10) if strictness else threshold

    def effective_table(self, table: str, *, part: str) -> dict[str, float]:
        """Return a table of thresholds lowered by the strictness of the part that it belongs to."""
        return {term: self.effective(limit, part=part) for term, limit in self.thresholds[table].items()}

    def fingerprint(self, *, revision: int) -> str:
        """Return the SHA-256, in hex, of all that decides a verdict and of the order of the columns.

        Two policies with the same fingerprint judge alike, whatever their names. `revision` is that of the rule's code.
        """
        content = {
            "rule": self.rule,
            "revision": revision,
            "model": self.model,
            "frame_size": self.frame_size,
            "terms": self.terms,
            "parts": list(self.parts.items()),
            # As lists: the order of a table can decide, as with the controls of the points rule.
            "thresholds": [[table, list(limits.items())] for table, limits in sorted(self.thresholds.items())],
            "parameters": self.parameters,
            "strictness": dict(sorted(self.strictness.items())),
        }
        return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
