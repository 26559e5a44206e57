"""Replaying scores: one line with the similarities of a frame in, one line with the verdict out."""

from __future__ import annotations

import json
from operator import itemgetter

from coordinator.judge.policy import Policy


class ReplayError(ValueError):
    """Says what is wrong with a line, as the rest of a sentence that begins with its number. It quotes no term."""


class Replay:
    """Judge lines with a policy: each a JSON object of term and similarity.

    All terms of the policy must be there, in any order; those of other policies may stand beside them.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        # Two more, for a policy of one term: itemgetter would give a bare value.
        self._pick = itemgetter(*policy.terms, policy.terms[0], policy.terms[0])

    def line(self, line: bytes) -> str:
        """Return the verdict as a JSON object: flagged, parts by display name, found (terms by part), points by part.

        Raise `ReplayError` for a line that is not such an object, lacks a term, or has a similarity that is no number
        within [-1, 1].
        """
        try:
            similarities = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ReplayError("is not JSON") from error
        if not isinstance(similarities, dict):
            raise ReplayError("is not a JSON object of term and similarity")
        try:
            frame = self._pick(similarities)[:-2]
        except KeyError:
            missing = sum(term not in similarities for term in self._policy.terms)
            fault = f"lacks {missing} of the {len(self._policy.terms)} terms of {self._policy.name}"
            raise ReplayError(fault) from None
        if not all(map(_is_similarity, frame)):
            raise ReplayError("has a similarity that is not a number within [-1, 1]")
        verdict = self._policy.judge(frame)
        return json.dumps(
            {
                "flagged": verdict.flagged,
                "parts": verdict.parts,
                "found": verdict.found,
                "points": verdict.points,
            }
        )


def _is_similarity(value: object) -> bool:
    # JSON's true is an int to Python, but no similarity.
    return isinstance(value, float | int) and not isinstance(value, bool) and -1 <= value <= 1
