"""The budget of one upload."""

from __future__ import annotations

import time

import pytest

from coordinator.media.cutter.budget import Budget
from coordinator.media.errors import Reason, TooCostly
from coordinator.media.limits import Limits


def test_budget_stops_before_the_processor_limit() -> None:
    """Cutting ends by itself when most of the processor time is used."""
    budget = Budget(Limits(cpu_s=0.05), 60)
    budget.check()
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert budget.cpu_s >= 0.05
    with pytest.raises(TooCostly) as caught:
        budget.check()
    assert caught.value.reason is Reason.PROCESSOR


def test_budget_stops_before_the_wall_time() -> None:
    """Cutting ends by itself when most of the time on the clock is gone."""
    with pytest.raises(TooCostly) as caught:
        Budget(Limits(), 0.0).check()
    assert caught.value.reason is Reason.WALL_TIME


def test_budget_counts_pixels() -> None:
    """Pixels add up, to exactly what is allowed."""
    budget = Budget(Limits(total_px=100), 60)
    budget.add(60)
    budget.add(40)
    with pytest.raises(TooCostly) as caught:
        budget.add(1)
    assert caught.value.reason is Reason.TOO_MANY_PIXELS
