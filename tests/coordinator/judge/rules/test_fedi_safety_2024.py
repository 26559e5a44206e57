"""The rule of 2024: it agrees with the original, and is monotone where it says so."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.judge.loader import load_policy
from coordinator.judge.policy import Policy
from coordinator.judge.rules.fedi_safety_2024 import rounded_limit
from tests.coordinator.judge.frames import flagged_frames, frames_near, raised, rises
from tests.coordinator.judge.golden import columns_of, frame_of, golden_vectors

POLICY = load_policy("fedi-safety-2024")
TABLES = POLICY.definition.thresholds
PAIRS: tuple[tuple[str, str], ...] = dict[str, Any](POLICY.definition.parameters)["pairs"]
PAIRED = {term for pair in PAIRS for term in pair}
PAIR = next(pair for pair in PAIRS if pair[0] in TABLES["minor"])
UNPAIRED = next(term for term in TABLES["minor"] if term not in PAIRED)
JUDGED_TABLES = ("explicit", "explicit_when_anime", "minor", "minor_danger", "minor_anime", "minor_anime_extra")
PHOTO_COLUMNS = [column for column in columns_of(POLICY, "subject") if "photo" in POLICY.terms[column]]
MOVED = {
    amount: load_policy("fedi-safety-2024", strictness={"minor": amount}) for amount in (-0.02, -0.001, 0.001, 0.02)
}


def first(table: str, *, without: tuple[str, ...] = (), within: tuple[str, ...] = (), photo: bool = False) -> str:
    """Return the first term of a table that is in all of `within` and none of `without`, named a photo or not."""
    return next(
        term
        for term in TABLES[table]
        if not any(term in TABLES[other] for other in without)
        and all(term in TABLES[other] for other in within)
        and ("photo" in term) == photo
    )


def over(table: str, term: str) -> dict[str, float]:
    """Return a similarity just over a threshold."""
    return {term: TABLES[table][term] + 0.0002}


def anime_with_weak_explicit() -> dict[str, float]:
    """Return similarities that are flagged as weak anime, with too little explicit for a photo."""
    explicit = max(TABLES["explicit_when_anime"], key=lambda term: TABLES["explicit"][term])
    return (
        over("anime", first("anime"))
        | over("explicit_when_anime", explicit)
        | over("minor_danger", first("minor_danger", within=("minor_anime",)))
    )


def anime_with_weak_minor() -> dict[str, float]:
    """Return similarities that are flagged as weak anime, with too little minor for a photo."""
    return (
        over("anime", first("anime"))
        | over("explicit_when_anime", first("explicit_when_anime"))
        | over("minor_anime", PAIR[0])
        | over("minor_anime", next(term for term in TABLES["minor_anime"] if term not in PAIRED))
    )


@pytest.mark.parametrize("number", range(len(golden_vectors())))
def test_fedi_safety_2024_golden(number: int) -> None:
    """Every result of a golden vector is the original's: each part, and flagged."""
    vector = golden_vectors()[number]
    verdict = POLICY.judge(vector.frame(POLICY))
    results = {key: key in verdict.found for key in ("anime", "explicit", "minor")} | {"flagged": verdict.flagged}
    assert results == vector.results["2024"]


def test_fedi_safety_2024_nothing() -> None:
    """A frame that resembles no term is clean, without parts."""
    verdict = POLICY.judge(frame_of(POLICY, {}))
    assert (verdict.flagged, verdict.parts) == (False, ())


def test_fedi_safety_2024_at_threshold_after_rounding() -> None:
    """What rounds to the threshold is not over it; what rounds to the next ten-thousandth is."""
    term = first("subject", without=("minor_danger", "explicit", "anime"))
    threshold = TABLES["subject"][term]
    assert not POLICY.judge(frame_of(POLICY, {term: threshold + 0.00004})).found
    assert POLICY.judge(frame_of(POLICY, {term: threshold + 0.00006})).found == {"subject": (term,)}


def test_fedi_safety_2024_explicit_without_subject() -> None:
    """Explicit is not found where there is no subject."""
    explicit = first("explicit", without=("subject",))
    assert not POLICY.judge(frame_of(POLICY, {explicit: 0.9})).found


def test_fedi_safety_2024_second_look_needs_two() -> None:
    """One term of the second look is not enough, two are, and one and many of the same thing are one."""
    below = {term: TABLES["minor_danger"][term] - 0.0002 for term in (*PAIR, UNPAIRED)}
    one, many = PAIR
    assert "minor" not in POLICY.judge(frame_of(POLICY, {one: below[one]})).found
    assert "minor" not in POLICY.judge(frame_of(POLICY, {one: below[one], many: below[many]})).found
    found = POLICY.judge(frame_of(POLICY, {one: below[one], UNPAIRED: below[UNPAIRED]})).found
    assert set(found["minor"]) == {one, UNPAIRED}


@pytest.mark.parametrize(("one_more", "kept"), [(-0.001, 1), (0.0, 1), (0.00004, 1), (0.001, 0)])
def test_fedi_safety_2024_pair_keeps_higher(one_more: float, kept: int) -> None:
    """Of a pair, the higher is named, and the second when they are equal after rounding."""
    height = min(TABLES["minor_danger"][term] for term in PAIR) - 0.002
    similarities = {PAIR[0]: height + one_more, PAIR[1]: height, UNPAIRED: TABLES["minor_danger"][UNPAIRED]}
    assert set(POLICY.judge(frame_of(POLICY, similarities)).found["minor"]) == {PAIR[kept], UNPAIRED}


def test_fedi_safety_2024_strong_anime_beside_photo() -> None:
    """Anime that is not weak stays anime, however much the frame looks like a photo."""
    photo = first("subject", without=("minor", "explicit"), photo=True)
    assert "anime" in POLICY.judge(frame_of(POLICY, {first("anime"): 0.208, photo: 0.3})).found
    assert "anime" not in POLICY.judge(frame_of(POLICY, {first("anime"): 0.2079, photo: 0.3})).found


@given(
    frame=flagged_frames(POLICY),
    column=st.sampled_from(sorted(set(columns_of(POLICY, *JUDGED_TABLES)) - set(PHOTO_COLUMNS))),
    rise=rises(),
)
def test_fedi_safety_2024_monotone(frame: list[float], column: int, rise: float) -> None:
    """Raising a minor or explicit term that is no photo subject never turns flagged into clean."""
    assert POLICY.judge(raised(frame, column, rise)).flagged


@given(
    frame=flagged_frames(POLICY),
    column=st.sampled_from(sorted(set(columns_of(POLICY, *JUDGED_TABLES)) & set(PHOTO_COLUMNS))),
    rise=rises(),
)
def test_fedi_safety_2024_monotone_but_for_veto(frame: list[float], column: int, rise: float) -> None:
    """Raising a minor or explicit term that is a photo subject turns flagged into clean only by taking anime back."""
    higher = raised(frame, column, rise)
    verdict = POLICY.judge(higher)
    took_anime_back = "anime" in POLICY.judge(frame).found and "anime" not in verdict.found and higher[column] > 0.24
    assert verdict.flagged or took_anime_back


@pytest.mark.parametrize("part", ["minor", "explicit"])
def test_fedi_safety_2024_not_monotone_by_veto(part: str) -> None:
    """A photo subject of either part that rises over the veto's figure takes anime back: flagged becomes clean."""
    # What the risen term brings itself, a photo keeps: so the other part must be one that only anime brings.
    similarities = anime_with_weak_explicit() if part == "minor" else anime_with_weak_minor()
    photo = first(part, within=("subject",), photo=True)
    assert POLICY.judge(frame_of(POLICY, {**similarities, photo: 0.24})).flagged
    assert not POLICY.judge(frame_of(POLICY, {**similarities, photo: 0.2401})).flagged


def test_fedi_safety_2024_not_monotone_by_anime() -> None:
    """Raising an anime term can turn flagged into clean, because anime has fewer explicit terms."""
    explicit = first("explicit", without=("explicit_when_anime",))
    danger = first("minor_danger")
    similarities = {explicit: TABLES["explicit"][explicit] + 0.001, danger: TABLES["minor_danger"][danger] + 0.001}
    assert POLICY.judge(frame_of(POLICY, similarities)).flagged
    assert not POLICY.judge(frame_of(POLICY, {**similarities, first("anime"): 0.21})).flagged


@given(frame=frames_near(POLICY), amounts=st.tuples(*[st.sampled_from(sorted(MOVED))] * 2).map(sorted))
def test_fedi_safety_2024_stricter_flags_more(frame: list[float], amounts: list[float]) -> None:
    """What is flagged is flagged with every greater strictness too."""
    looser, stricter = (MOVED[amount].judge(frame).flagged for amount in amounts)
    assert stricter >= looser


def stricter(part: str, amount: float) -> Policy:
    """Return the policy with one part moved."""
    return load_policy("fedi-safety-2024", strictness={part: amount})


@pytest.mark.parametrize("part", ["minor", "explicit", "subject"])
def test_fedi_safety_2024_strictness_moves_part(part: str) -> None:
    """A term just below its threshold is found once its part is stricter by more than what is missing."""
    table = "minor_danger" if part == "minor" else part
    term = max(TABLES[table], key=lambda term: TABLES[table][term])
    subject = first("subject", without=("minor_danger", "explicit", "anime"))
    frame = frame_of(POLICY, {subject: 0.9 if part != "subject" else 0.0, term: TABLES[table][term] - 0.0099})
    assert term not in POLICY.judge(frame).found.get(part, ())
    assert term in stricter(part, 0.01).judge(frame).found[part]
    assert term not in stricter(part, 0.009).judge(frame).found.get(part, ())


def test_fedi_safety_2024_danger_makes_subject() -> None:
    """A term over its minor_danger threshold is a subject, even below its subject threshold."""
    term = first("minor_danger", within=("subject",))
    frame = frame_of(POLICY, {term: TABLES["minor_danger"][term] - 0.09})
    assert not POLICY.judge(frame).found
    assert stricter("minor", 0.1).judge(frame).found == {"subject": (term,), "minor": (term,)}


@given(st.floats(0.1, 0.4), st.floats(0.1, 0.4))
def test_rounded_limit_is_exact(threshold: float, value: float) -> None:
    """A number is over the limit exactly when it is over the threshold after rounding, to the last bit."""
    limit = rounded_limit(threshold)
    assert (value > limit) == (round(value, 4) > threshold)
    assert round(limit, 4) <= threshold < round(math.nextafter(limit, 1), 4)
