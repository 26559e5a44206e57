"""Policies and verdicts."""

from __future__ import annotations

from array import array

import pytest

from coordinator.judge.loader import load_policy
from coordinator.judge.policy import Verdict, worst

FLAGGED = Verdict(flagged=True, parts=("disc", "square"))
FLAGGED_MORE = Verdict(flagged=True, parts=("disc", "square", "ring"))
CLEAN = Verdict(flagged=False)
CLEAN_MORE = Verdict(flagged=False, parts=("disc", "square", "ring", "box"))


@pytest.mark.parametrize(
    ("verdicts", "index"),
    [
        ([CLEAN], 0),
        ([CLEAN, CLEAN_MORE], 1),
        ([CLEAN_MORE, FLAGGED], 1),
        ([FLAGGED, FLAGGED_MORE, CLEAN_MORE], 1),
        ([CLEAN, FLAGGED, FLAGGED], 1),
    ],
)
def test_worst_frame(verdicts: list[Verdict], index: int) -> None:
    """A flagged frame is worse than a clean one, then one with more parts, then an earlier one."""
    assert worst(verdicts) == index


def test_worst_of_none() -> None:
    """No frame at all has no worst one."""
    with pytest.raises(ValueError, match="empty"):
        worst([])


def test_verdict_of_found() -> None:
    """Parts are named in the policy's order, those without terms left out."""
    verdict = Verdict.of(
        flagged=False,
        names={"a": "first", "b": "second", "c": "third"},
        found={"c": ("ring",), "b": (), "a": ("disc", "box")},
        points={"a": 2},
    )
    assert verdict == Verdict(False, ("first", "third"), {"a": 2}, {"a": ("disc", "box"), "c": ("ring",)})


def test_verdict_repr_without_terms() -> None:
    """The repr of a verdict names parts, and no term."""
    verdict = load_policy("demo").judge([0.9, 0.1])
    assert verdict.found["disc"][0] not in repr(verdict)
    assert "red disc" in repr(verdict)


def test_policy_fields() -> None:
    """A policy gives its model, terms in order, and display names by part."""
    policy = load_policy("demo")
    assert (policy.name, policy.model, len(policy.terms)) == ("demo", "demo", 2)
    assert dict(policy.parts) == {"disc": "red disc", "square": "blue square"}
    assert policy.terms[0] not in repr(policy)


def test_policy_judge_float32() -> None:
    """Similarities may come as an array of float32, as they lie in a result."""
    assert load_policy("demo").judge(array("f", [0.9, 0.9])).flagged


@pytest.mark.parametrize("count", [0, 1, 3])
def test_policy_judge_wrong_count(count: int) -> None:
    """A frame with more or fewer similarities than terms is an error, not a verdict."""
    with pytest.raises(ValueError, match=f"^{count} similarities for 2 terms$"):
        load_policy("demo").judge([0.9] * count)
