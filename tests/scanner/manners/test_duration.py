"""Lengths of time as people write them."""

from __future__ import annotations

import pytest

from scanner.manners.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "duration_s"),
    [
        ("2h", 7200),
        ("90m", 5400),
        ("1h30m", 5400),
        ("45s", 45),
        ("1d", 86400),
        (" 1D2H3M4S ", 93784),
        ("366d", 31622400),
    ],
)
def test_duration_is_the_sum_of_its_parts(text: str, duration_s: int) -> None:
    """Days, hours, minutes and seconds, in this order, each at most once."""
    assert parse_duration(text) == duration_s


@pytest.mark.parametrize("text", ["", "2", "h", "30m1h", "-1h", "1.5h", "two hours", "²h", "1h1h"])
def test_duration_in_another_form_is_refused(text: str) -> None:
    """The sentence shows the form."""
    with pytest.raises(ValueError, match="write a time like 2h"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "0h0m", "367d", "99999d"])
def test_duration_of_nothing_or_of_years_is_refused(text: str) -> None:
    """A pause of no length, or of more than a year, is a slip."""
    with pytest.raises(ValueError, match="from one second to 366 days"):
        parse_duration(text)
