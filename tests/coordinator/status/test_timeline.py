"""Monotonic times and the calendar."""

from __future__ import annotations

from datetime import timedelta

from tests.coordinator.status.situations import NOW, NOW_S, TIMELINE


def test_timeline_goes_both_ways() -> None:
    """What was a while ago, or will be, is there by the calendar, to the second, and back."""
    assert TIMELINE.at(NOW_S - 90.4) == NOW - timedelta(seconds=91)
    assert TIMELINE.at(NOW_S + 30) == NOW + timedelta(seconds=30)
    assert TIMELINE.at_or_none(None) is None
    assert TIMELINE.at_or_none(NOW_S) == NOW
    assert TIMELINE.seconds(NOW - timedelta(days=2)) == NOW_S - 2 * 86_400
