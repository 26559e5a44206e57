"""Benchmark of judging: microseconds a frame, and recorded lines a second.

The floors are what every way of doing it pays here: one comparison for each term, and reading a line as JSON.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from operator import gt
from typing import Any

from coordinator.judge.loader import load_policy
from coordinator.judge.policy import Policy
from coordinator.judge.replay import Replay
from tests.coordinator.judge.golden import golden_vectors

ROUNDS = 15

FRAME_BAR_US = 100.0
"""Most that judging one frame may take: issue "Judgement", part 1."""

LINES_BAR = 1_000.0
"""Fewest lines a second that `policy judge` may replay: issue "Judgement", part 7."""


def rows() -> list[dict[str, Any]]:
    """Measure, and return one row a figure: name, value, unit, floor, ratio (value to floor), bar, ok."""
    policies = [load_policy(name) for name in ("fedi-safety-2024", "fedi-safety-2023")]
    return [row for policy in policies for row in (frame_row(policy), lines_row(policy))]


def frame_row(policy: Policy) -> dict[str, Any]:
    """Return the mean microseconds to judge one of the golden frames."""
    frames = [vector.frame(policy) for vector in golden_vectors()]
    limits = [0.2] * len(policy.terms)
    judged_s, floor_s = alternated(
        lambda: [policy.judge(frame) for frame in frames],
        lambda: [sum(map(gt, frame, limits)) for frame in frames],
    )
    value, floor = judged_s / len(frames) * 1e6, floor_s / len(frames) * 1e6
    return row(f"judge one frame, {policy.name}", value, "µs", floor, FRAME_BAR_US, ok=value < FRAME_BAR_US)


def lines_row(policy: Policy) -> dict[str, Any]:
    """Return how many lines of golden similarities are replayed a second, the process's start left out."""
    replay = Replay(policy)
    lines = [json.dumps(dict(vector.similarities)).encode() for vector in golden_vectors()]
    replayed_s, floor_s = alternated(
        lambda: [replay.line(line) for line in lines],
        lambda: [json.loads(line) for line in lines],
    )
    value, floor = len(lines) / replayed_s, len(lines) / floor_s
    return row(f"replay lines, {policy.name}", value, "lines/s", floor, LINES_BAR, ok=value >= LINES_BAR)


def alternated(*ways: Callable[[], Sequence[object]]) -> list[float]:
    """Return the median seconds of each way, run in turn so that a busy machine slows all of them alike."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for way, measured in zip(ways, seconds, strict=True):
            begun = time.perf_counter()
            way()
            measured.append(time.perf_counter() - begun)
    return [statistics.median(measured) for measured in seconds]


def row(name: str, value: float, unit: str, floor: float, bar: float, *, ok: bool) -> dict[str, Any]:
    """Return one row of the table."""
    return {"name": name, "value": value, "unit": unit, "floor": floor, "ratio": value / floor, "bar": bar, "ok": ok}


if __name__ == "__main__":
    for measured in rows():
        print(json.dumps(measured))
