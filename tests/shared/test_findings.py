"""Findings: their words and their count."""

from __future__ import annotations

from shared.findings import good, is_sound, summary, unknown, wrong


def test_findings_are_sound_when_nothing_is_wrong() -> None:
    """What is not known makes nothing unsound; what is wrong does."""
    fine = [good("a", "works"), unknown("b", "not tried", cure="try it")]
    assert is_sound(fine)
    assert not is_sound([*fine, wrong("c", "fails", part="x", cure="y")])


def test_findings_are_summed_up() -> None:
    """The summary counts each state, and leaves out what is not known when there is none."""
    assert summary([good("a", "")]) == "1 looked at: 1 in order, 0 wrong."
    assert summary([good("a", ""), unknown("b", "")]) == "2 looked at: 1 in order, 0 wrong, 1 not known."


def test_finding_says_part_and_cure() -> None:
    """A finding is a line, and one more for who is guilty and for what to do, if that is known."""
    assert list(good("a", "works").lines()) == ["ok    a: works"]
    assert list(wrong("a", "fails", part="x", cure="y").lines()) == [
        "WRONG a: fails",
        "      part: x",
        "      cure: y",
    ]


def test_finding_as_json() -> None:
    """A record has every field as a string."""
    record = wrong("a", "fails", part="x", cure="y").record()
    assert record == {"check": "a", "state": "wrong", "sentence": "fails", "part": "x", "cure": "y"}
