"""Margins agree with verdicts, at every strictness."""

from __future__ import annotations

import math
import random
from functools import cache

import pytest

from coordinator.judge.loader import load_policy
from coordinator.judge.margins import ALL_PARTS, LEAST, Margins, margin_of, margin_of_points, of_upload
from coordinator.judge.policy import Policy
from tests.coordinator.judge.golden import golden_vectors

AMOUNTS = (-0.03, -0.005, 0.004, 0.02)
FRAMES = 400


@cache
def stricter(name: str, part: str, amount: float) -> Policy:
    """Load a policy with one part moved, or all of them."""
    moved = movable(name) if part == ALL_PARTS else [part]
    return load_policy(name, strictness=dict.fromkeys(moved, amount))


def movable(name: str) -> list[str]:
    """Return the parts of a policy that strictness moves."""
    rule = type(load_policy(name).rule)
    parts = load_policy(name).parts if rule.TABLES is None else set(rule.TABLES.values()) - {None}
    return sorted(str(part) for part in parts)


def frames(policy: Policy) -> list[list[float]]:
    """Return frames near the thresholds: golden ones, and some in whose tables everything is near its threshold."""
    source = random.Random(1)
    thresholds: dict[str, float] = {}
    for table in policy.definition.thresholds.values():
        for term, limit in table.items():
            thresholds[term] = max(limit, thresholds.get(term, limit))
    made: list[list[float]] = []
    for number in range(FRAMES):
        stray = source.choice((0.005, 0.02, 0.05))
        if number % 2 and policy.model.startswith("ViT"):
            middle = list(golden_vectors()[number % len(golden_vectors())].frame(policy))
        else:
            low = source.uniform(0, 0.04)
            middle = [thresholds[term] - low for term in policy.terms]
        made.append([value + source.uniform(-stray, stray) for value in middle])
    return made


@pytest.mark.parametrize("name", ["demo", "fedi-safety-2023", "fedi-safety-2024"])
def test_margins_tell_at_which_strictness_a_frame_is_flagged(name: str) -> None:
    """With any part moved by any amount, a frame is flagged exactly when its margins say so."""
    policy = load_policy(name)
    seen = set()
    for frame in frames(policy):
        margins = policy.margins([frame])
        assert margins.flagged == policy.judge(frame).flagged
        assert set(margins.flagged_from) == {*movable(name), ALL_PARTS}
        for part, from_ in margins.flagged_from.items():
            for amount in AMOUNTS:
                if abs(amount - from_) > 1e-8:
                    flagged = stricter(name, part, amount).judge(frame).flagged
                    assert flagged == (amount > from_), f"{part} moved by {amount}, flagged from {from_}"
                    seen.add((part, amount, flagged))
    assert {part for part, _, flagged in seen if flagged} == {*movable(name), ALL_PARTS}


@pytest.mark.parametrize("name", ["demo", "fedi-safety-2023", "fedi-safety-2024"])
def test_margins_tell_which_parts_are_found(name: str) -> None:
    """A part whose margin is over 0 is found; an explicit one of the rule of 2024 only with a subject."""
    policy = load_policy(name)
    for frame in frames(policy):
        margins, verdict = policy.margins([frame]).parts, policy.judge(frame)
        for part, margin in margins.items():
            needs_subject = part == "explicit" and "subject" in margins
            found = margin > 0 and (not needs_subject or margins["subject"] > 0)
            assert found == (policy.parts[part] in verdict.parts)


def test_margins_of_an_upload_are_those_of_its_worst_frames() -> None:
    """One frame is enough: the highest margin of a part, the least strictness that flags."""
    frames = [
        Margins({"a": 0.1, "b": -0.2}, {"a": math.inf, "b": 0.2, ALL_PARTS: 0.2}),
        Margins({"a": -0.1, "b": 0.3}, {"a": 0.1, "b": math.inf, ALL_PARTS: 0.1}),
    ]
    whole = of_upload(frames)
    assert whole.parts == {"a": 0.1, "b": 0.3}
    assert whole.flagged_from == {"a": 0.1, "b": 0.2, ALL_PARTS: 0.1}
    assert not whole.flagged


def test_margins_without_enough_are_the_least() -> None:
    """Where nothing can be found at all, the margin is further away than any similarity."""
    assert margin_of([0.5], []) == LEAST
    assert margin_of_points([(0.1, 1), (0.2, 1)], 3) == LEAST
    assert margin_of_points([(0.1, 1), (0.2, 1)], 2) == 0.1
