"""What was pushed over one connection, and whether the results of it can be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from coordinator.judge.scores import Scores, ScoresError
from coordinator.trust.constancy import SAME_SCORES, Constancy, sample_of
from shared.errors import MalformedMessageError
from shared.messages import Result


class ConstantScoresError(Exception):
    """Exactly the same scores came for frames that show different things."""

    def __str__(self) -> str:
        return SAME_SCORES


@dataclass(frozen=True, slots=True)
class _Push:
    attempt: int
    at_s: float
    samples: Sequence[bytes] = field(repr=False)
    """A few bytes of each frame: the frames themselves may be let go of before their result comes."""


class Pushed:
    """The pushes of one connection that neither came back nor were cancelled."""

    def __init__(self, *, terms: int) -> None:
        """Take the number of terms that frames are compared with."""
        self._terms = terms
        self._pushes: dict[str, _Push] = {}
        self._constancy = Constancy()

    def __len__(self) -> int:
        return len(self._pushes)

    def add(self, scan: str, attempt: int, frames: Sequence[bytes], now_s: float) -> None:
        """Expect the result of a push."""
        self._pushes[scan] = _Push(attempt, now_s, [sample_of(pixels) for pixels in frames])

    def pushed_s(self, scan: str) -> float:
        """Return when a scan was pushed; 0 for one that nobody waits for."""
        push = self._pushes.get(scan)
        return push.at_s if push is not None else 0.0

    def forget(self, scan: str) -> None:
        """Expect nothing any more about a scan, if anything was."""
        self._pushes.pop(scan, None)

    def take(self, result: Result, *, weights: str) -> Scores | None:
        """Check a result and return its scores, made with these weights; None for one that nobody waits for.

        Raises MalformedMessageError for scores of a wrong shape or out of range, and ConstantScoresError.
        """
        push = self._pushes.get(result.scan_id)
        if push is None or result.attempt != push.attempt:
            return None
        shape = (len(push.samples), self._terms)
        if (result.frames, result.terms) != shape:
            raise MalformedMessageError("result", f"shape {(result.frames, result.terms)}, not {shape}")
        try:
            scores = Scores.parse(result.scores, frames=result.frames, terms=result.terms, weights=weights)
        except ScoresError as error:
            raise MalformedMessageError("result", str(error)) from error
        del self._pushes[result.scan_id]
        if self._constancy.finds_fault(push.samples, scores.rows):
            raise ConstantScoresError
        return scores
