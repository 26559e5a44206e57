"""What is too old goes, what came again stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from coordinator.ledger.ledger import Ledger
from coordinator.ledger.periods import Periods
from coordinator.ledger.retention import Retention
from coordinator.ledger.store import Store
from tests.coordinator.ledger.making import OTHER_POLICY, WAY, Clock, debt, file_in, judged, sha, soon


async def test_retention_scores_go_before_verdicts(tmp_path: Path) -> None:
    """After the days of scores a verdict is still known to its own policy, and another policy needs a scan."""
    clock = Clock()
    async with Ledger(file_in(tmp_path), clock=clock, periods=Periods(scores_days=30, verdicts_days=365)) as ledger:
        for number in range(20):
            ledger.remember(judged(number))
        await ledger.flushed()
        clock.advance(days=30)
        assert await ledger.retention.remove_old() == (0, 0)
        clock.advance(seconds=1)
        assert await ledger.retention.remove_old() == (0, 20)
        assert await ledger.look_up(sha(1), WAY) is not None
        assert await ledger.look_up(sha(1), OTHER_POLICY) is None


@pytest.mark.parametrize("slice_rows", [1, 3, 7, 1000])
async def test_retention_slices_miss_nothing(tmp_path: Path, slice_rows: int) -> None:
    """However the table is cut into slices, every old row goes, and is counted once."""
    clock = Clock()
    async with Ledger(file_in(tmp_path), clock=clock) as ledger, Store(file_in(tmp_path)) as store:
        for number in range(50):
            ledger.remember(judged(number))
        await ledger.flushed()
        clock.advance(days=366)
        assert await Retention(store, Periods(), clock, slice_rows=slice_rows).remove_old() == (50, 50)


async def test_retention_verdicts_that_come_again_stay(tmp_path: Path) -> None:
    """A verdict goes a year after its picture came last, not after it came first."""
    clock = Clock()
    async with Ledger(file_in(tmp_path), clock=clock) as ledger:
        ledger.remember(judged(1))
        ledger.remember(judged(2))
        clock.advance(days=200)
        ledger.note_seen(sha(1), WAY)
        await ledger.flushed()
        clock.advance(days=200)
        assert await ledger.retention.remove_old() == (1, 2)
        assert await ledger.look_up(sha(1), WAY) is not None
        assert await ledger.look_up(sha(2), WAY) is None


async def test_retention_open_debts_stay(tmp_path: Path) -> None:
    """A settled debt is forgotten with the verdicts; an open one never is."""
    clock = Clock()
    async with Ledger(file_in(tmp_path), clock=clock) as ledger:
        for number in (1, 2):
            await ledger.debts.owe(debt(number), deadline_s=soon())
        (owed,) = await ledger.debts.open_debts_of(sha(1))
        await ledger.debts.settle_debt(owed.id, "clean", at=clock())
        clock.advance(days=366)
        await ledger.retention.remove_old()
        assert (await ledger.summary(sha(1))).is_empty
        assert (await ledger.debts.debt_counts()).open == 1
