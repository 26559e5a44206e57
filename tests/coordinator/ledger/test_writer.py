"""What waits to be written: in order, bounded, and written when the database can be again."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.ledger.audit import Entry, What
from coordinator.ledger.errors import LedgerDamaged, LedgerUnavailable
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.schema import prepare
from coordinator.ledger.writer import Limits
from tests.coordinator.ledger.breaking import break_inside
from tests.coordinator.ledger.holding import written_by_another
from tests.coordinator.ledger.making import START, WAY, debt, file_in, judged, sha, soon

BUSY_S = 0.05


async def test_writer_commit_in_time_while_locked(tmp_path: Path) -> None:
    """While another process holds the lock, whoever waits is told by the deadline, and soon without waiting at all."""
    async with Ledger(file_in(tmp_path), busy_s=BUSY_S) as ledger:
        loop = asyncio.get_running_loop()
        with written_by_another(file_in(tmp_path)):
            began_s = loop.time()
            with pytest.raises(LedgerUnavailable):
                await ledger.debts.owe(debt(1), deadline_s=soon(0.5))
            assert loop.time() - began_s < 2.0
            assert "locked" in ledger.fault
            began_s = loop.time()
            with pytest.raises(LedgerUnavailable, match="locked"):
                await ledger.debts.owe(debt(2), deadline_s=soon(20))
            assert loop.time() - began_s < 1.0
            assert ledger.waiting == 2


async def test_writer_writes_what_waited(tmp_path: Path) -> None:
    """What could not be written is written within 30 s after the lock is gone, without anybody asking."""
    async with Ledger(file_in(tmp_path), busy_s=BUSY_S) as ledger:
        with written_by_another(file_in(tmp_path)):
            for number in range(20):
                ledger.remember(judged(number))
            with pytest.raises(LedgerUnavailable):
                await ledger.debts.owe(debt(99), deadline_s=soon(0.2))
        async with asyncio.timeout(30):
            await ledger.flushed()
        assert (ledger.waiting, ledger.lost, ledger.fault) == (0, 0, "")
        assert (await ledger.debts.debt_counts()).open == 1
        assert None not in [await ledger.look_up(sha(number), WAY) for number in range(20)]


async def test_writer_remembers_while_locked(tmp_path: Path) -> None:
    """A verdict that cannot be written is known all the same, as long as the process lives."""
    async with Ledger(file_in(tmp_path), busy_s=BUSY_S) as ledger:
        with written_by_another(file_in(tmp_path)):
            ledger.remember(judged(1))
            known = await ledger.look_up(sha(1), WAY)
            assert known is not None
            assert known.verdict == judged(1).verdict


async def test_writer_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is too much is counted as lost and said so; what waited before is written, and debts have their own room."""
    limits = Limits(records=5, commits=2)
    async with Ledger(file_in(tmp_path), busy_s=BUSY_S, limits=limits) as ledger:
        with written_by_another(file_in(tmp_path)), caplog.at_level(logging.ERROR):
            for number in range(8):
                ledger.remember(judged(number))
            for number in range(3):
                with pytest.raises(LedgerUnavailable):
                    await ledger.debts.owe(debt(number), deadline_s=soon(0.2))
            assert (ledger.waiting, ledger.lost) == (7, 4)
            assert len([line for line in caplog.messages if "were lost" in line]) == 1
        async with asyncio.timeout(30):
            await ledger.flushed()
        known = [number for number in range(8) if await ledger.look_up(sha(number), WAY)]
        assert known == [0, 1, 2, 3, 4]
        assert (await ledger.debts.debt_counts()).open == 2


async def test_writer_says_what_was_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was lost after the last line that said so is said when the ledger can be written again."""
    async with Ledger(file_in(tmp_path), busy_s=BUSY_S, limits=Limits(records=5)) as ledger:
        with written_by_another(file_in(tmp_path)):
            with pytest.raises(LedgerUnavailable):
                await ledger.debts.owe(debt(1), deadline_s=soon(0.5))
            assert [line for line in caplog.messages if line.endswith("0 were lost since the last such line.")]
            for number in range(8):
                ledger.remember(judged(number))
        async with asyncio.timeout(30):
            await ledger.flushed()
        assert ledger.lost == 3
    assert [line for line in caplog.messages if line.endswith("3 were lost since the last such line.")]


async def test_writer_loses_only_what_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A record that breaks a rule of the database is lost, and said to be; what was queued with it is written."""
    async with Ledger(file_in(tmp_path)) as ledger:
        with closing(sqlite3.connect(file_in(tmp_path))) as connection:
            connection.execute(
                f"CREATE TRIGGER refusal BEFORE INSERT ON verdicts WHEN NEW.size_bytes = {judged(2).size_bytes} "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        for number in (1, 2, 3):
            ledger.remember(judged(number))
        await ledger.debts.owe(debt(1), deadline_s=soon())
        assert [await ledger.look_up(sha(number), WAY) is not None for number in (1, 2, 3)] == [True, False, True]
        assert (ledger.waiting, ledger.lost, ledger.fault) == (0, 1, "")
    assert caplog.messages == [
        "The ledger does not take a record: SQLITE_CONSTRAINT_TRIGGER. 2 records wait to be written; 1 were lost since "
        "the last such line."
    ]


async def test_writer_of_a_table_that_is_damaged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where one table is damaged, what belongs there is lost and said to be; the others are written as ever."""
    prepare(file_in(tmp_path))
    break_inside(file_in(tmp_path), "debts")
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1))
        with pytest.raises(LedgerDamaged):
            await ledger.debts.owe(debt(1), deadline_s=soon())
        await ledger.record(Entry(What.REJECTION, START, "caller", sha(1)), deadline_s=soon())
        assert await ledger.look_up(sha(1), WAY) is not None
        assert [entry.sha256 for entry in await ledger.audit.entries()] == [sha(1)]
        assert (ledger.waiting, ledger.lost, ledger.fault) == (0, 1, "")
    assert "is damaged; restore a backup" in caplog.text
    assert "1 were lost" in caplog.text


async def test_writer_bounded_in_bytes(tmp_path: Path) -> None:
    """Large scores fill the memory for what waits before the number of records does."""
    size = judged(1).size_in_memory_bytes
    async with Ledger(file_in(tmp_path), busy_s=BUSY_S, limits=Limits(waiting_bytes=3 * size)) as ledger:
        with written_by_another(file_in(tmp_path)):
            for number in range(4):
                ledger.remember(judged(number))
            assert (ledger.waiting, ledger.lost) == (3, 1)


async def test_writer_cancelled_waiter_changes_nothing(tmp_path: Path) -> None:
    """A caller that goes away while its debt is being written leaves the debt, and the others theirs."""
    async with Ledger(file_in(tmp_path), busy_s=BUSY_S) as ledger:
        with written_by_another(file_in(tmp_path)):
            gone = asyncio.create_task(ledger.debts.owe(debt(1), deadline_s=soon()))
            await asyncio.sleep(0)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
        await ledger.flushed()
        await ledger.debts.owe(debt(2), deadline_s=soon())
        assert (await ledger.debts.debt_counts()).open == 2
