"""Replaying scores, a line a frame."""

from __future__ import annotations

import json

import pytest

from coordinator.judge.loader import load_policy
from coordinator.judge.replay import Replay, ReplayError
from tests.coordinator.judge.golden import golden_vectors

DEMO = load_policy("demo")
DISC, SQUARE = DEMO.terms


def test_replay_line_verdict() -> None:
    """A line is judged whatever the order of its terms, and gives a JSON object."""
    judged = json.loads(Replay(DEMO).line(json.dumps({SQUARE: 0.9, DISC: 1}).encode()))
    assert judged == {
        "flagged": True,
        "parts": ["red disc", "blue square"],
        "found": {"disc": [DISC], "square": [SQUARE]},
        "points": {},
    }


@pytest.mark.parametrize("year", ["2023", "2024"])
def test_replay_line_more_terms(year: str) -> None:
    """Recorded similarities of other policies' terms may stand beside those that are needed."""
    replay = Replay(load_policy(f"fedi-safety-{year}"))
    for vector in golden_vectors()[::16]:
        judged = json.loads(replay.line(json.dumps(vector.similarities).encode()))
        assert judged["flagged"] == vector.results[year]["flagged"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[0.1, 0.2]", "is not a JSON object of term and similarity"),
        (json.dumps({DISC: 0.1}).encode(), "lacks 1 of the 2 terms of demo"),
        (json.dumps({DISC: 0.1, SQUARE: True}).encode(), "has a similarity that is not a number within [-1, 1]"),
        (json.dumps({DISC: 0.1, SQUARE: "0.1"}).encode(), "has a similarity that is not a number within [-1, 1]"),
        (json.dumps({DISC: 0.1, SQUARE: None}).encode(), "has a similarity that is not a number within [-1, 1]"),
        (
            json.dumps({DISC: 0.1, SQUARE: float("nan")}).encode(),
            "has a similarity that is not a number within [-1, 1]",
        ),
        (json.dumps({DISC: -1.01, SQUARE: 0.1}).encode(), "has a similarity that is not a number within [-1, 1]"),
        (json.dumps({DISC: 10**400, SQUARE: 0.1}).encode(), "has a similarity that is not a number within [-1, 1]"),
    ],
)
def test_replay_line_refuses(line: bytes, fault: str) -> None:
    """A line that cannot be judged is refused with a reason that quotes no term."""
    with pytest.raises(ReplayError) as caught:
        Replay(DEMO).line(line)
    assert str(caught.value) == fault
