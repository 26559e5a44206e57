"""The rule of 2023: it agrees with the original, and is monotone where it says so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coordinator.judge.loader import load_policy
from tests.coordinator.judge.frames import flagged_frames, frames_near, raised, rises
from tests.coordinator.judge.golden import columns_of, frame_of, golden_vectors

POLICY = load_policy("fedi-safety-2023")
TABLES = POLICY.definition.thresholds
PARAMETERS: dict[str, Any] = dict(POLICY.definition.parameters)
RAISING = [control for control, steps in PARAMETERS["adjust"].items() if any(delta > 0 for _, delta in steps)]
MOVED = {
    amount: load_policy("fedi-safety-2023", strictness={"minor": amount}) for amount in (-0.02, -0.001, 0.001, 0.02)
}


def explicit_term() -> dict[str, float]:
    """Return one similarity that is enough for the explicit part."""
    return {next(iter(TABLES["explicit"])): 0.9}


@pytest.mark.parametrize("number", range(len(golden_vectors())))
def test_fedi_safety_2023_golden(number: int) -> None:
    """A golden vector is flagged exactly when the original flags it."""
    vector = golden_vectors()[number]
    assert {"flagged": POLICY.judge(vector.frame(POLICY)).flagged} == vector.results["2023"]


def test_fedi_safety_2023_points() -> None:
    """A term over both of its thresholds makes three points, which is enough; over the lower one only, one point."""
    term, critical = next(iter(TABLES["minor_critical"].items()))
    enough = POLICY.judge(frame_of(POLICY, {term: critical + 0.001} | explicit_term()))
    assert (enough.flagged, enough.points, enough.found["minor"]) == (True, {"minor": 3, "explicit": 1}, (term,))
    too_few = POLICY.judge(frame_of(POLICY, {term: critical - 0.001} | explicit_term()))
    assert (too_few.flagged, too_few.points, too_few.parts) == (False, {"minor": 1, "explicit": 1}, ("explicit",))


def test_fedi_safety_2023_bonus() -> None:
    """A term with a bonus is over its threshold earlier by that bonus."""
    term, bonus = next(iter(PARAMETERS["explicit_bonus"].items()))
    threshold = TABLES["explicit"][term]
    assert POLICY.judge(frame_of(POLICY, {term: threshold - bonus + 0.001})).points["explicit"] == 1
    assert POLICY.judge(frame_of(POLICY, {term: threshold - bonus - 0.001})).points["explicit"] == 0


def test_fedi_safety_2023_control() -> None:
    """A control over its threshold lowers its terms, unless the partner of a term is over that term's threshold."""
    control, steps = next((control, steps) for control, steps in PARAMETERS["adjust"].items() if control not in RAISING)
    term, delta = steps[0]
    partner = next(({*pair} - {term}).pop() for pair in PARAMETERS["pairs"] if term in pair)
    alone = {term: TABLES["minor"][term] - delta / 2}
    above = {control: TABLES["control"][control] + 0.001}
    at_threshold = {control: TABLES["control"][control]}
    both = alone | {partner: TABLES["minor"][term] + 0.1}
    assert POLICY.judge(frame_of(POLICY, alone | at_threshold)).points["minor"] == 1
    assert POLICY.judge(frame_of(POLICY, alone | above)).points["minor"] == 0
    assert POLICY.judge(frame_of(POLICY, both | above)).points["minor"] == 4


@given(frame=flagged_frames(POLICY), column=st.sampled_from(columns_of(POLICY, "explicit")), rise=rises())
def test_fedi_safety_2023_monotone_explicit(frame: list[float], column: int, rise: float) -> None:
    """Raising an explicit term never turns flagged into clean."""
    assert POLICY.judge(raised(frame, column, rise)).flagged


@given(
    frame=flagged_frames(POLICY), column=st.sampled_from(columns_of(POLICY, "minor", "minor_critical")), rise=rises()
)
def test_fedi_safety_2023_monotone_minor(frame: list[float], column: int, rise: float) -> None:
    """Raising a minor term never turns flagged into clean while no control that raises similarities is at work."""
    assume(all(frame[POLICY.terms.index(control)] <= TABLES["control"][control] for control in RAISING))
    assert POLICY.judge(raised(frame, column, rise)).flagged


def test_fedi_safety_2023_not_monotone_by_partner() -> None:
    """With a raising control, a minor term that rises makes its partner's raise be skipped: flagged becomes clean."""
    control = RAISING[0]
    term, delta = max(PARAMETERS["adjust"][control], key=lambda step: step[1])
    partner = next(({*pair} - {term}).pop() for pair in PARAMETERS["pairs"] if term in pair)
    similarities = explicit_term() | {
        control: TABLES["control"][control] + 0.001,
        term: TABLES["minor_critical"][term] - delta / 2,
        partner: TABLES["minor"][term],
    }
    assert POLICY.judge(frame_of(POLICY, similarities)).points == {"minor": 3, "explicit": 1}
    similarities[partner] += 0.0001
    verdict = POLICY.judge(frame_of(POLICY, similarities))
    assert (verdict.flagged, verdict.points["minor"]) == (False, 2)


@given(frame=frames_near(POLICY), amounts=st.tuples(*[st.sampled_from(sorted(MOVED))] * 2).map(sorted))
def test_fedi_safety_2023_stricter_flags_more(frame: list[float], amounts: list[float]) -> None:
    """What is flagged is flagged with every greater strictness too."""
    looser, stricter = (MOVED[amount].judge(frame).flagged for amount in amounts)
    assert stricter >= looser


def test_fedi_safety_2023_strictness_spares_adjustments() -> None:
    """Strictness counts more terms, and makes no partner skip an adjustment that it would not skip otherwise."""
    control = RAISING[0]
    term, delta = max(PARAMETERS["adjust"][control], key=lambda step: step[1])
    partner = next(({*pair} - {term}).pop() for pair in PARAMETERS["pairs"] if term in pair)
    frame = frame_of(
        POLICY,
        {
            control: TABLES["control"][control] + 0.001,
            term: TABLES["minor_critical"][term] - delta / 2,
            partner: TABLES["minor"][term],
        },
    )
    assert POLICY.judge(frame).points["minor"] == 3
    assert load_policy("fedi-safety-2023", strictness={"minor": 0.001}).judge(frame).points["minor"] == 4
