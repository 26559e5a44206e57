"""Notices that were seen."""

from __future__ import annotations

from coordinator.web.admin.dismissals import LASTS_S, MOST, Dismissals


def test_dismissals_last_a_day() -> None:
    """The same notice again, and no other."""
    dismissals = Dismissals()
    dismissals.dismiss("a", 5.0)
    assert dismissals.hides("a", LASTS_S + 4.9)
    assert not dismissals.hides("a", LASTS_S + 5.0)
    assert not dismissals.hides("b", 5.0)


def test_dismissals_are_bounded() -> None:
    """The oldest is shown again."""
    dismissals = Dismissals()
    for number in range(MOST + 1):
        dismissals.dismiss(str(number), 0.0)
    assert not dismissals.hides("0", 1.0)
    assert dismissals.hides("1", 1.0)
