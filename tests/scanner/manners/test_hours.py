"""Hours of the day, across midnight too."""

from __future__ import annotations

from datetime import time

import pytest

from scanner.manners.hours import Hours


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("22-08", "22:00-08:00"),
        ("22-8", "22:00-08:00"),
        (" 21:30 - 7:15 ", "21:30-07:15"),
        ("0-24", None),
        ("18-24", "18:00-00:00"),
        ("24-6", "00:00-06:00"),
    ],
)
def test_hours_are_written_in_full(text: str, written: str | None) -> None:
    """What is read is written with minutes; a whole day is none, because it asks for nothing."""
    if written is None:
        with pytest.raises(ValueError, match="same minute"):
            Hours.parse(text)
    else:
        assert str(Hours.parse(text)) == written


@pytest.mark.parametrize("text", ["", "22", "22-", "22-08-10", "10pm-8am", "²-8", "22:5-8", "-1-8"])
def test_hours_in_another_form_are_refused(text: str) -> None:
    """The sentence shows the form."""
    with pytest.raises(ValueError, match="write hours like 22-08"):
        Hours.parse(text)


@pytest.mark.parametrize("text", ["25-8", "22-24:01", "22:60-8", "8-22:99"])
def test_hours_beyond_the_day_are_refused(text: str) -> None:
    """There is no twenty-fifth hour and no sixtieth minute."""
    with pytest.raises(ValueError, match="24 hours of 60 minutes"):
        Hours.parse(text)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("22-08", ["22:00:00", "23:59:59", "00:00:00", "07:59:59"], ["08:00:00", "12:00:00", "21:59:59"]),
        ("08-22", ["08:00:00", "12:00:00", "21:59:59"], ["22:00:00", "00:00:00", "07:59:59"]),
        ("18-24", ["18:00:00", "23:59:59"], ["00:00:00", "17:59:59"]),
        ("0-6:30", ["00:00:00", "06:29:59"], ["06:30:00", "23:59:59"]),
    ],
)
def test_hours_hold_their_beginning_and_not_their_end(text: str, inside: list[str], outside: list[str]) -> None:
    """The first minute belongs to the hours, the last does not, whichever side of midnight they are."""
    hours = Hours.parse(text)
    assert all(time.fromisoformat(moment) in hours for moment in inside)
    assert not any(time.fromisoformat(moment) in hours for moment in outside)
