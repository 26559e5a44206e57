"""Monotonic times and the calendar."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coordinator.status.timeline import Timeline
from tests.coordinator.status.situations import NOW, NOW_S, TIMELINE


def test_timeline_goes_both_ways() -> None:
    """What was a while ago, or will be, is there by the calendar, to the nearest second, and back."""
    assert TIMELINE.at(NOW_S - 90.4) == NOW - timedelta(seconds=90)
    assert TIMELINE.at(NOW_S - 90.6) == NOW - timedelta(seconds=91)
    assert TIMELINE.at(NOW_S + 30) == NOW + timedelta(seconds=30)
    assert TIMELINE.at_or_none(None) is None
    assert TIMELINE.at_or_none(NOW_S) == NOW
    assert TIMELINE.seconds(NOW - timedelta(days=2)) == NOW_S - 2 * 86_400


@pytest.mark.parametrize("between_the_clocks_s", [-1e-4, 0.0, 1e-4])
def test_what_was_written_down_is_shown_as_it_was(between_the_clocks_s: float) -> None:
    """A second of the calendar stays the same, though the two clocks are never read at the very same moment."""
    written = TIMELINE.at(NOW_S - 90.4)
    read = Timeline(NOW_S + 5, NOW + timedelta(seconds=5 + between_the_clocks_s)).seconds(written)
    assert Timeline(NOW_S + 7.5, NOW + timedelta(seconds=7.5)).at(read) == written
