"""Results are checked before they count."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace

import pytest

from coordinator.web.pushed import ConstantScoresError, Pushed
from shared.errors import MalformedMessageError
from shared.messages import Result

SIZE = 16
DARK, BRIGHT = (bytes([shade]) * (SIZE * SIZE * 3) for shade in (0, 255))


def result(*rows: Sequence[float], scan: str = "s1", attempt: int = 1) -> Result:
    """Make the result of a scan."""
    scores = array("f", [score for row in rows for score in row]).tobytes()
    return Result(scan, attempt, len(rows), len(rows[0]), scores, 0.0, 0.0, 0.0)


def pushed(*frames: bytes) -> Pushed:
    """Push a scan of these frames, with two terms."""
    made = Pushed(terms=2)
    made.add("s1", 1, frames, 2.5)
    return made


def test_result_is_taken_once() -> None:
    """It belongs to the weights that made it, and nothing is left behind."""
    open_here = pushed(DARK, BRIGHT)
    assert open_here.pushed_s("s1") == 2.5
    scores = open_here.take(result((0.25, 0.5), (0.5, 0.25)), weights="abc")
    assert open_here.pushed_s("s1") == 0.0
    assert scores is not None
    assert (list(scores.rows), scores.weights) == ([(0.25, 0.5), (0.5, 0.25)], "abc")
    assert len(open_here) == 0
    assert open_here.take(result((0.25, 0.5), (0.5, 0.25)), weights="abc") is None


def test_result_of_another_scan_or_attempt_is_nobodys() -> None:
    """The right one still counts."""
    open_here = pushed(DARK)
    assert open_here.take(result((0.1, 0.2), scan="s2"), weights="") is None
    assert open_here.take(result((0.1, 0.2), attempt=2), weights="") is None
    assert open_here.take(result((0.1, 0.2)), weights="") is not None


def test_result_of_a_cancelled_scan_is_nobodys() -> None:
    """Also when it is on its way already."""
    open_here = pushed(DARK)
    open_here.forget("s1")
    open_here.forget("s1")
    assert open_here.take(result((0.1, 0.2)), weights="") is None


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(result((0.1, 0.2), (0.1, 0.3)), id="frames"),
        pytest.param(result((0.1,)), id="terms"),
        pytest.param(result((0.1, float("nan"))), id="NaN"),
        pytest.param(result((0.1, 1.5)), id="range"),
        pytest.param(replace(result((0.1, 0.2)), scores=b""), id="bytes"),
    ],
)
def test_result_that_cannot_be_right_is_malformed(wrong: Result) -> None:
    """Shape and range are held."""
    with pytest.raises(MalformedMessageError):
        pushed(DARK).take(wrong, weights="")


def test_result_that_says_the_same_of_unlike_frames_is_a_fault() -> None:
    """The scan is no longer expected from this scanner."""
    open_here = pushed(DARK, BRIGHT)
    with pytest.raises(ConstantScoresError):
        open_here.take(result((0.1, 0.2), (0.1, 0.2)), weights="")
    assert len(open_here) == 0
