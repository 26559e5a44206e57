"""What a scanner is asked before it is ready, and what its answers show."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from coordinator.trust.examination import Difference, Examination, Other
from coordinator.trust.reference import Reference

FRESH = (b"dark", b"bright")
OTHERS = (
    Other("two", "fp32", Reference(b"second", (0.3, 0.4))),
    Other("three", "bf16", Reference(b"third", (0.5, 0.6))),
)
RIGHT = {b"dark": [0.1, 0.1], b"bright": [0.2, 0.1], b"second": [0.3, 0.4], b"third": [0.5, 0.6]}


def right(frame: bytes, question: int) -> Sequence[float]:
    """Answer as one should."""
    return RIGHT[frame]


def examined(
    answer: Callable[[bytes, int], Sequence[float]] = right,
    *,
    others: Sequence[Other] = OTHERS,
    capacity: int = 8,
    precision: str = "fp32",
) -> tuple[Examination, list[Sequence[bytes]]]:
    """Have a scanner answer everything; return the examination, and what was asked."""
    examination = Examination(FRESH, others, precision=precision, capacity=capacity)
    asked: list[Sequence[bytes]] = []
    while examination.question:
        asked.append(examination.question)
        examination.take([answer(frame, len(asked)) for frame in examination.question])
    return examination, asked


def test_examination_asks_the_fresh_frames_twice() -> None:
    """The second time the other way round, so that position says nothing."""
    examination, asked = examined()
    assert asked == [(b"dark", b"bright", b"second", b"third"), (b"bright", b"dark")]
    assert examination.fault == ""
    assert all(difference.agrees for difference in examination.differences.values())
    assert examination.references == (Reference(b"dark", (0.1, 0.1)), Reference(b"bright", (0.2, 0.1)))


@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_examination_asks_no_more_at_once_than_the_scanner_takes(capacity: int) -> None:
    """The findings are the same."""
    examination, asked = examined(capacity=capacity)
    assert max(map(len, asked)) <= capacity
    assert examination.fault == ""
    assert [difference.largest for difference in examination.differences.values()] == [0.0, 0.0]


def test_examination_finds_constant_scores() -> None:
    """Dark and bright cannot be the same."""
    examination, _ = examined(lambda frame, question: [0.2, 0.2], others=())
    assert examination.fault == "the same scores for unlike frames"


def test_examination_finds_scores_that_change() -> None:
    """Beyond the tolerance of the scanner's precision."""
    examination, _ = examined(lambda frame, question: [RIGHT[frame][0] + 0.002 * question, 0.1], others=())
    assert "asked the same twice" in examination.fault
    examination, _ = examined(
        lambda frame, question: [RIGHT[frame][0] + 0.002 * question, 0.1], others=(), precision="bf16"
    )
    assert examination.fault == ""


def test_examination_compares_with_others() -> None:
    """Each difference is held against the precisions of the two."""
    examination, _ = examined(lambda frame, question: [score + 0.002 for score in RIGHT[frame]])
    assert {name: difference.agrees for name, difference in examination.differences.items()} == {
        "two": False,
        "three": True,
    }


def test_difference_says_what_it_is() -> None:
    """In figures, for the log and the admin."""
    assert str(Difference(0.1, 0.004)) == "scores differ by 0.1000, where 0.0040 are allowed"
