"""Scores are checked before they count."""

from __future__ import annotations

import math
from array import array

import pytest

from coordinator.judge.scores import Scores, ScoresError


def packed(*values: float) -> bytes:
    """Pack values as a scanner on a little-endian machine does."""
    return array("f", values).tobytes()


def test_scores_parse_gives_one_row_a_frame() -> None:
    """Values are laid out frame by frame."""
    scores = Scores.parse(packed(0.0, 0.5, -1.0, 1.0, 0.25, -0.25), frames=2, terms=3)
    assert [list(row) for row in scores.rows] == [[0.0, 0.5, -1.0], [1.0, 0.25, -0.25]]


@pytest.mark.parametrize("length", [0, 4, 23, 25, 28])
def test_scores_parse_refuses_another_length(length: int) -> None:
    """Bytes that are not frames x terms float32 are refused."""
    with pytest.raises(ScoresError, match=f"{length} bytes"):
        Scores.parse(bytes(length), frames=2, terms=3)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.0001, -1.0001])
def test_scores_parse_refuses_what_is_no_similarity(value: float) -> None:
    """NaN, infinity and values beyond [-1, 1] are refused, wherever they stand."""
    with pytest.raises(ScoresError, match="not within"):
        Scores.parse(packed(0.1, 0.2, value), frames=1, terms=3)


def test_scores_repr_hides_the_values() -> None:
    """Scores never reach a log through repr."""
    assert "0.5" not in repr(Scores.parse(packed(0.5), frames=1, terms=1))
