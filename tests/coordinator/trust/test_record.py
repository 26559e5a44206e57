"""Who is asked what, who is compared with whom, and who is set aside."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from coordinator.trust.record import (
    COMPARISONS_KEPT,
    EXAMINED_AGAIN_S,
    FIRST_PAUSE_S,
    MOST_DISAGREEMENTS,
    MOST_DOUBLINGS,
    Aside,
    Identity,
    Trust,
)

IDENTITY = Identity("software 1", "cpu (fp32)", "fp32", "abcdef0123456789", 8)
RIGHT, WRONG = [[0.1, 0.2]], [[0.3, 0.2]]


def make_trust(weights: str = "") -> Trust:
    """Make one whose noise is the same in every run."""
    return Trust(noise=Random(1).randbytes, weights=weights)


def enter(trust: Trust, scanner: str, *, identity: Identity = IDENTITY, off: float = 0.0, now: float = 0.0) -> str:
    """Let a scanner connect and be examined; all its scores are off by so much. Return why it failed."""
    trust.join(scanner)
    examination = trust.examine(scanner, identity, frame_size=16, now=now)
    assert examination is not None
    while examination.question:
        examination.take([[frame[0] / 255 + off, 0.5] for frame in examination.question])
    return trust.judge(scanner, identity, examination)


def make_fleet(*scanners: str) -> Trust:
    """Let scanners connect that all pass."""
    trust = make_trust()
    for scanner in scanners:
        assert enter(trust, scanner) == ""
    return trust


def test_problem_of_other_weights_than_allowed() -> None:
    """The first digits decide; without a setting any weights will do."""
    assert make_trust().problem_of("one", "0", 0.0) == ""
    assert make_trust("abcdef01").problem_of("one", IDENTITY.weights, 0.0) == ""
    assert "FEDIWARD_FINGERPRINT allows only feed0123" in make_trust("feed0123").problem_of(
        "one", IDENTITY.weights, 0.0
    )


def test_scanner_that_was_away_for_a_moment_is_not_examined_again() -> None:
    """The same on a new connection, soon after; later, or as another, it is."""
    trust = make_fleet("one")
    trust.join("one")
    assert trust.examine("one", IDENTITY, frame_size=16, now=5.0) is None
    trust.leave("one", 5.0)
    trust.leave("one", 10.0)
    trust.join("one")
    assert trust.examine("one", IDENTITY, frame_size=16, now=10.0 + EXAMINED_AGAIN_S) is None
    assert trust.examine("one", IDENTITY, frame_size=16, now=10.1 + EXAMINED_AGAIN_S) is not None
    trust = make_fleet("one")
    trust.leave("one", 1.0)
    assert trust.examine("one", replace(IDENTITY, device="cuda"), frame_size=16, now=1.0) is not None


def test_scanner_that_has_not_passed_is_examined_at_every_connection() -> None:
    """Being quick does not help."""
    trust = make_trust()
    for _ in range(2):
        trust.join("one")
        assert trust.examine("one", IDENTITY, frame_size=16, now=0.0) is not None
        trust.leave("one", 0.0)


def test_newcomer_that_one_other_contradicts_may_serve() -> None:
    """Nobody knows which of the two is wrong: it is counted for both."""
    trust = make_fleet("one")
    assert enter(trust, "two", off=-0.1) == ""
    assert (trust.disagreements("one"), trust.disagreements("two")) == (1, 1)
    assert trust.disagreements("nobody") == 0


def test_newcomer_that_two_others_contradict_fails() -> None:
    """They cannot both be wrong in the same way."""
    trust = make_fleet("one", "two")
    assert "scores differ by 0.1000" in enter(trust, "three", off=-0.1)
    assert trust.disagreements("three") == 2


def test_newcomer_whom_one_of_two_others_agrees_with_may_serve() -> None:
    """The odd one is one of the others."""
    trust = make_fleet("one")
    enter(trust, "two", off=-0.1)
    assert enter(trust, "three") == ""


def test_newcomer_is_compared_with_those_that_are_there_and_have_its_weights() -> None:
    """Not with one that has left, and not with another model's scores."""
    trust = make_fleet("gone")
    trust.leave("gone", 0.0)
    enter(trust, "other", identity=replace(IDENTITY, weights="0"))
    enter(trust, "new", off=-0.1)
    assert trust.records["new"].comparisons == 0


def test_scanner_that_contradicts_itself_fails() -> None:
    """What it says of others' frames does not count then."""
    trust = make_fleet("one")
    trust.join("two")
    examination = trust.examine("two", IDENTITY, frame_size=16, now=0.0)
    assert examination is not None
    while examination.question:
        examination.take([[0.5, 0.5] for _ in examination.question])
    assert trust.judge("two", IDENTITY, examination) == "the same scores for unlike frames"
    assert trust.records["one"].comparisons == 0


def test_partner_has_the_same_weights_and_was_compared_the_least() -> None:
    """By turns, so that the odd one out can be told."""
    trust = make_fleet("one", "two", "three")
    enter(trust, "other", identity=replace(IDENTITY, weights="0"))
    everybody = list(trust.records)
    trust.compare("one", RIGHT, "two", RIGHT)
    trust.compare("one", RIGHT, "two", RIGHT)
    assert trust.partner_of("one", everybody) == "three"
    assert trust.partner_of("one", ["one", "two"]) == "two"
    assert trust.partner_of("other", everybody) is None
    assert trust.partner_of("stranger", everybody) is None


def test_comparison_within_the_tolerance_agrees() -> None:
    """It is counted all the same; a scanner that has not passed has an unknown precision."""
    trust = make_fleet("one", "two")
    before = trust.records["one"].comparisons
    assert trust.compare("one", [[0.1]], "two", [[0.1009]]).agrees
    assert not trust.compare("one", [[0.1]], "two", [[0.102]]).agrees
    assert trust.compare("one", [[0.1]], "stranger", [[0.102]]).agrees
    assert trust.records["one"].comparisons == before + 3
    assert trust.disagreements("one") == 1


def disagree(trust: Trust, *pairs: tuple[str, str]) -> None:
    """Let pairs of scanners disagree."""
    for one, other in pairs:
        trust.compare(one, RIGHT, other, WRONG)


def test_odd_one_contradicts_several_that_contradict_only_it() -> None:
    """Once there are enough disagreements."""
    trust = make_fleet("one", "two", "odd")
    disagree(trust, ("one", "odd"), ("two", "odd"))
    assert trust.odd_one("one", "odd") is None
    disagree(trust, ("odd", "one"))
    assert MOST_DISAGREEMENTS == 3
    assert trust.odd_one("one", "odd") == "odd"
    assert trust.odd_one("one", "two") is None


def test_odd_one_of_two_cannot_be_told() -> None:
    """However often they disagree."""
    trust = make_fleet("one", "two")
    disagree(trust, *[("one", "two")] * COMPARISONS_KEPT)
    assert trust.odd_one("one", "two") is None


def test_odd_one_cannot_be_told_where_all_contradict_all() -> None:
    """Nor where two contradict two."""
    trust = make_fleet("a", "b", "c")
    disagree(trust, *[("a", "b"), ("b", "c"), ("a", "c")] * 3)
    assert trust.odd_one("a", "b", "c") is None
    trust = make_fleet("a", "b", "y", "z")
    disagree(trust, *[("a", "y"), ("a", "z"), ("b", "y"), ("b", "z")] * 3)
    assert trust.odd_one("a", "b", "y", "z") is None


def test_scanner_set_aside_is_told_why_and_for_how_long() -> None:
    """The pause grows up to a bound; afterwards it may be examined again, and nothing old counts."""
    trust = make_fleet("one", "two", "odd")
    disagree(trust, *[("one", "odd"), ("two", "odd"), ("one", "two")] * 2)
    assert trust.set_aside("odd", "its scores differ", 100.0) == FIRST_PAUSE_S
    assert trust.problem_of("odd", IDENTITY.weights, 130.0) == "set aside for another 30 s: its scores differ"
    assert trust.aside_of("odd", 130.0) == Aside("its scores differ", 100.0, 160.0)
    assert trust.problem_of("odd", IDENTITY.weights, 160.0) == ""
    assert trust.aside_of("odd", 160.0) is None
    assert trust.aside_of("one", 130.0) is trust.aside_of("nobody", 130.0) is None
    assert trust.partner_of("one", ["odd"]) is None
    assert not trust.records["odd"].recent
    assert {name for name, _ in trust.records["one"].recent} == {"two"}
    pauses = [trust.set_aside("odd", "again", 0.0) for _ in range(10)]
    assert pauses[0] == 2 * FIRST_PAUSE_S
    assert max(pauses) == pauses[-1] == FIRST_PAUSE_S * 2**MOST_DOUBLINGS


def test_scanner_that_is_forgiven_may_be_examined_at_once() -> None:
    """Because an admin wants it to be tried; who is not set aside needs no forgiving."""
    trust = make_fleet("one")
    trust.set_aside("one", "odd", 10.0)
    assert trust.forgive("one", 11.0)
    assert trust.problem_of("one", IDENTITY.weights, 11.0) == ""
    assert not trust.forgive("one", 12.0)
    assert not trust.forgive("stranger", 12.0)


def test_faults_are_counted() -> None:
    """For the admin."""
    trust = make_trust()
    trust.note_fault("one")
    assert trust.records["one"].faults == 1
    assert repr(trust) == "<Trust scanners=1>"


@pytest.mark.parametrize("capacity", [0, 1])
def test_examination_suits_any_capacity(capacity: int) -> None:
    """Also one that takes nothing just now."""
    assert enter(make_trust(), "tiny", identity=replace(IDENTITY, capacity=capacity)) == ""
