"""Strictness as an admin writes it."""

from __future__ import annotations

import pytest

from coordinator.judge.errors import PolicyError
from coordinator.judge.strictness import parse_strictness


@pytest.mark.parametrize(
    ("text", "strictness"),
    [
        ("", {}),
        ("  ", {}),
        ("minor:+0.01,explicit:-0.005", {"minor": 0.01, "explicit": -0.005}),
        (" minor : 0.2 , explicit : -0.2 ", {"minor": 0.2, "explicit": -0.2}),
        ("minor:0", {"minor": 0.0}),
    ],
)
def test_parse_strictness_reads(text: str, strictness: dict[str, float]) -> None:
    """Parts and amounts are read, with or without a sign and spaces."""
    assert parse_strictness(text) == strictness


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("minor", "FEDIWARD_STRICTNESS has 'minor' where PART:AMOUNT is expected, such as minor:+0.01."),
        ("minor:", "FEDIWARD_STRICTNESS has 'minor:' where PART:AMOUNT is expected, such as minor:+0.01."),
        (":0.1", "FEDIWARD_STRICTNESS has ':0.1' where PART:AMOUNT is expected, such as minor:+0.01."),
        ("minor:0.1,", "FEDIWARD_STRICTNESS has '' where PART:AMOUNT is expected, such as minor:+0.01."),
        ("minor:0.1,minor:0.1", "FEDIWARD_STRICTNESS: minor is given twice."),
        ("minor:much", "FEDIWARD_STRICTNESS: minor is 'much', which is not a number."),
        ("minor:0.1:0.1", "FEDIWARD_STRICTNESS: minor is '0.1:0.1', which is not a number."),
        ("minor:0.21", "FEDIWARD_STRICTNESS: minor is +0.21, which is not within ±0.2."),
        ("minor:-0.21", "FEDIWARD_STRICTNESS: minor is -0.21, which is not within ±0.2."),
        ("minor:nan", "FEDIWARD_STRICTNESS: minor is +nan, which is not within ±0.2."),
        ("minor:inf", "FEDIWARD_STRICTNESS: minor is +inf, which is not within ±0.2."),
    ],
)
def test_parse_strictness_refuses(text: str, sentence: str) -> None:
    """What is wrong is said in one sentence that names the setting and the part."""
    with pytest.raises(PolicyError) as caught:
        parse_strictness(text)
    assert str(caught.value) == sentence


def test_parse_strictness_names_source() -> None:
    """The sentence names the option where the text came from one."""
    with pytest.raises(PolicyError, match=r"^--strictness: minor "):
        parse_strictness("minor:9", source="--strictness")
