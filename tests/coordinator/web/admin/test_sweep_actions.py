"""Sweeps on the page: what is shown of them, and what is asked of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from coordinator.ledger.audit import What
from coordinator.sweeps import Calibrated, LastCalibration, Order, SweepOrder, SweepReport, SweepState
from tests.coordinator.web.admin.scene import Scene

REPORT = SweepReport(source="s3://<pictures>", done=400, total=1000, rate_per_s=12.5, left_s=48, found=3, purges=True)


def report(scene: Scene, **changes: object) -> SweepOrder:
    """Let the sweep `nightly` of the caller `sweep` report."""
    return scene.sweeps.note("sweep", "nightly", REPORT.model_copy(update=changes))


async def test_sweep_is_paused_goes_on_and_is_stopped(inside: Scene) -> None:
    """Each is told at the sweep's next report, a stop once; the page offers what can be done, and the log holds it."""
    report(inside)
    assert "s3://&lt;pictures&gt;" in await inside.read()
    names = {"caller": "sweep", "sweep": "nightly"}
    page = await inside.do("/do/sweep", **names, order="pause")
    assert "pauses" in page
    assert "Go on" in page
    assert report(inside).order is Order.PAUSE
    await inside.do("/do/sweep", **names, order="run")
    assert report(inside).order is Order.RUN
    await inside.do("/do/sweep", **names, order="stop")
    assert [report(inside).order for _ in range(2)] == [Order.STOP, Order.RUN]
    orders = [entry.details["order"] for entry in await inside.audited(What.SWEEP)]
    assert orders == ["pause", "run", "stop"]


async def test_sweep_gets_another_rate(inside: Scene) -> None:
    """A rate holds until it is taken back; one that is none is refused."""
    report(inside)
    names = {"caller": "sweep", "sweep": "nightly"}
    assert "at most 2.5" in await inside.do("/do/sweep", **names, rate="2.5")
    await inside.do("/do/sweep", **names, order="pause")
    assert report(inside) == SweepOrder(order=Order.PAUSE, limit_per_s=2.5)
    await inside.do("/do/sweep", **names, rate="")
    assert report(inside).limit_per_s is None
    for wrong in ("fast", "0", "-1", "nan", "1e9"):
        assert (await inside.send("/do/sweep", **names, rate=wrong)).status_code == 400


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"caller": "sweep", "sweep": "other", "order": "pause"}, 404),
        ({"caller": "other", "sweep": "nightly", "order": "pause"}, 404),
        ({"caller": "sweep", "sweep": "nightly", "order": "faster"}, 400),
    ],
)
async def test_sweep_that_there_is_not(inside: Scene, form: dict[str, str], status: int) -> None:
    """An order for no sweep, and an order that is none, are refused."""
    report(inside)
    assert (await inside.send("/do/sweep", **form)).status_code == status


async def test_sweep_that_ended_takes_no_orders(inside: Scene) -> None:
    """Its figures stay, and nothing can be asked of it; the last calibration is shown as well."""
    inside.sweeps.note("sweep", "nightly", SweepReport.model_validate({**REPORT.model_dump(), "state": "ended"}))
    result = Calibrated(pictures=1000, flagged=2, low=0.0005, high=0.0073, policy="mine")
    inside.sweeps.last_calibration = LastCalibration(at=datetime(2026, 11, 26, tzinfo=UTC), result=result)
    page = await inside.read()
    assert "ended" in page
    assert "do/sweep" not in page
    assert "2026-11-26: 2 of 1,000 pictures flagged by mine: 0.20%, 95 % between 0.05% and 0.73%" in page
    assert report(inside, state=SweepState.RUNNING).order is Order.RUN
