"""How long limited processes may stand still."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.media.stillness import LONGEST_STILL_S, STILL_PER_RUN, Stillness


def test_stands_still_as_long_as_it_may_at_first() -> None:
    """Nothing has to be earned before the first time."""
    stillness = Stillness()
    assert stillness.begin(100.0)
    assert stillness.left_s(100.0) == LONGEST_STILL_S
    assert repr(stillness) == "<Stillness on, up to 1.000 s>"


def test_what_was_not_used_is_left() -> None:
    """After a short time the rest may be used at once."""
    stillness = Stillness()
    assert stillness.begin(0.0)
    assert stillness.left_s(0.2) == pytest.approx(LONGEST_STILL_S - 0.2)
    stillness.end(0.25)
    assert repr(stillness) == "<Stillness off, up to 0.750 s>"
    assert stillness.begin(0.25)
    assert stillness.left_s(0.25) == pytest.approx(LONGEST_STILL_S - 0.25)


def test_once_nothing_is_left_all_must_be_earned() -> None:
    """They then run in one go, until they may stand still for the longest time again, and never for longer."""
    stillness = Stillness()
    assert stillness.begin(0.0)
    late_s = LONGEST_STILL_S + 0.5  # a timer of a busy event loop
    assert stillness.left_s(late_s) == 0.0
    stillness.end(late_s)
    earned_s = late_s + LONGEST_STILL_S / STILL_PER_RUN
    assert not stillness.begin(late_s)
    assert not stillness.begin(earned_s - 0.001)
    assert not stillness.is_on
    assert stillness.begin(earned_s + 0.001)
    assert stillness.left_s(earned_s + 0.001) == LONGEST_STILL_S
    stillness.end(earned_s + 0.002)
    assert stillness.begin(1000.0)
    assert stillness.left_s(1000.0) == LONGEST_STILL_S


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 0.5)), min_size=1))
def test_always_leaves_a_share_of_the_time(turns: list[tuple[float, float]]) -> None:
    """Whatever is wanted, standing still takes at most 25 parts of 26 of the time, beyond the first LONGEST_STILL_S."""
    stillness, now_s, still_s, ran_s = Stillness(), 0.0, 0.0, 0.0
    for wanted_s, pause_s in turns:
        if stillness.begin(now_s):
            stood_s = min(wanted_s, stillness.left_s(now_s))
            now_s += stood_s
            still_s += stood_s
            stillness.end(now_s)
        now_s += pause_s
        ran_s += pause_s
        assert still_s <= LONGEST_STILL_S + ran_s * STILL_PER_RUN + 1e-6
