"""What the rules are worth, in figures that may not get worse."""

from __future__ import annotations

import pytest

from tests.simulation.report import Scenario, WithoutExtraPush, measure

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SCANS = 1500


@pytest.mark.parametrize("fleet", [1, 3])
def test_overload_leaves_the_fleet_at_work(fleet: int) -> None:
    """Ten times what it can do: 90 % of its capacity comes out in time, and refusals come at once."""
    row = measure(Scenario.OVERLOAD, fleet, "least busy", scans=SCANS)
    assert row.goodput >= 0.9
    assert row.refused_late == 0


@pytest.mark.parametrize("fleet", [2, 3, 10])
def test_least_busy_is_best_among_unlike_scanners(fleet: int) -> None:
    """Two fast and eight slow, and the like: half of the uploads are back sooner than by any other rule."""
    best = measure(Scenario.UNLIKE, fleet, "least busy", scans=SCANS)
    for rule in ("random", "round-robin", "fewest in flight", "two choices"):
        assert best.p50_ms < measure(Scenario.UNLIKE, fleet, rule, chooser=rule, scans=SCANS).p50_ms


@pytest.mark.parametrize(("fleet", "share"), [(2, 1.0), (3, 0.9), (10, 0.7)])
def test_extra_push_shortens_stalls(fleet: int, share: float) -> None:
    """The slowest hundredth gets faster, the more so the larger the fleet, and no upload is lost by it."""
    with_it = measure(Scenario.STALLS, fleet, "with", scans=3000)
    without = measure(Scenario.STALLS, fleet, "without", make=WithoutExtraPush, scans=3000)
    assert with_it.p99_ms < share * without.p99_ms
    assert with_it.answered >= without.answered


def test_extra_push_is_rare() -> None:
    """Five in a hundred, and a few."""
    assert measure(Scenario.STALLS, 3, "least busy", scans=3000).extra <= 0.05 + 16 / 3000


def test_report_can_be_read() -> None:
    """A row is one line under the header's columns."""
    row = measure(Scenario.EQUAL, 1, "least busy", scans=500)
    assert str(row).startswith("(a) equal boxes")
    assert row.answered > 0.9
