"""What a scanner is asked before it counts as ready, and what its answers show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coordinator.trust.constancy import SAME_SCORES
from coordinator.trust.reference import Reference, answers
from coordinator.trust.tolerance import Rows, difference_of, tolerance_of

MOST_OTHERS = 2
"""Scanners whose answers it is compared with: two can say who is wrong."""


@dataclass(frozen=True, slots=True)
class Other:
    """A frame that another scanner of the same weights was asked, what it said, and how precisely it computes."""

    scanner: str
    precision: str
    reference: Reference


@dataclass(frozen=True, slots=True)
class Difference:
    """How far apart two scanners are."""

    largest: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Say whether it is no more than their precisions allow."""
        return self.largest <= self.tolerance

    def __str__(self) -> str:
        return f"scores differ by {self.largest:.4f}, where {self.tolerance:.4f} are allowed"


class Examination:
    """Ask two fresh frames and those of others, then the fresh ones again the other way round.

    Take `question` after `question`, giving each answer to `take`, until there is none left; then ask for the findings.
    Shape and range of the answers are checked before.
    """

    def __init__(self, fresh: tuple[bytes, bytes], others: Sequence[Other], *, precision: str, capacity: int) -> None:
        """Take the frames, those of at most MOST_OTHERS others, and how many frames the scanner takes at once."""
        self._fresh = fresh
        self._others = others
        self._precision = precision
        first = (*fresh, *(other.reference.frame for other in others))
        self._questions = [*_in_pieces(first, capacity), *_in_pieces(fresh[::-1], capacity)]
        self._asked = 0
        self._rows: list[Sequence[float]] = []

    @property
    def question(self) -> Sequence[bytes]:
        """The frames to ask now; none when all were answered."""
        return self._questions[self._asked] if self._asked < len(self._questions) else ()

    def take(self, rows: Rows) -> None:
        """Take the scores of the frames that were asked."""
        assert len(rows) == len(self.question)
        self._rows += rows
        self._asked += 1

    # Once all is answered

    @property
    def fault(self) -> str:
        """Why the scanner must not serve, as far as its own answers show; empty when they show nothing wrong."""
        dark, bright = self._rows[:2]
        again = self._rows[:-3:-1]
        if tuple(dark) == tuple(bright):
            return SAME_SCORES
        repeated = Difference(difference_of((dark, bright), again), tolerance_of(self._precision, self._precision))
        return "" if repeated.agrees else f"asked the same twice, its {repeated}"

    @property
    def differences(self) -> Mapping[str, Difference]:
        """How far it is from the others, by their names."""
        rows = self._rows[2:]
        return {
            other.scanner: Difference(
                difference_of((row,), (other.reference.row,)), tolerance_of(self._precision, other.precision)
            )
            for other, row in zip(self._others, rows, strict=False)
        }

    @property
    def references(self) -> tuple[Reference, ...]:
        """The fresh frames with its answers: what others can be asked later."""
        return answers(self._fresh, self._rows[:2])


def _in_pieces(frames: Sequence[bytes], most: int) -> list[Sequence[bytes]]:
    return [frames[start : start + most] for start in range(0, len(frames), most)]
