"""Debts: owed, listed, postponed and settled."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from coordinator.ledger.debts import DebtCounts
from coordinator.ledger.ledger import Ledger
from tests.coordinator.ledger.making import START, debt, file_in, sha, soon

HOUR = timedelta(hours=1)


async def test_debts_are_there_when_owe_returns(tmp_path: Path) -> None:
    """Another process sees a debt as soon as `owe` has returned."""
    async with Ledger(file_in(tmp_path)) as ledger, Ledger(file_in(tmp_path)) as other:
        await ledger.debts.owe(debt(1), deadline_s=soon())
        (owed,) = await other.debts.open_debts(limit=10, due_before=START)
    assert owed.debt == debt(1)
    assert (owed.due, owed.tries, owed.reason) == (START, 0, "")


async def test_debts_at_once_are_all_there(tmp_path: Path) -> None:
    """Many uploads that are answered at once each have their debt."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await asyncio.gather(*(ledger.debts.owe(debt(number), deadline_s=soon()) for number in range(2000)))
        assert await ledger.debts.debt_counts() == DebtCounts(2000, START)


async def test_debts_oldest_due_first_and_limited(tmp_path: Path) -> None:
    """Debts come in the order in which they are due; those that are not due are left out."""
    async with Ledger(file_in(tmp_path)) as ledger:
        for number, hours in enumerate((3, 1, 2, 9)):
            await ledger.debts.owe(debt(number, at=START + hours * HOUR), deadline_s=soon())
        due = await ledger.debts.open_debts(limit=2, due_before=START + 5 * HOUR)
        everything = await ledger.debts.all_open(limit=100)
    assert [owed.debt.sha256 for owed in due] == [sha(1), sha(2)]
    assert [owed.debt.sha256 for owed in everything] == [sha(1), sha(2), sha(0), sha(3)]


async def test_debts_same_picture_is_one_debt(tmp_path: Path) -> None:
    """A picture that is accepted unseen twice is owed once, since the first time, and due again at once."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.debts.owe(debt(1), deadline_s=soon())
        (owed,) = await ledger.debts.open_debts(limit=10, due_before=START)
        await ledger.debts.postpone(owed.id, until=START + 48 * HOUR, tries=1, reason="not stored yet")
        await ledger.debts.owe(debt(1, at=START + HOUR), deadline_s=soon())
        (again,) = await ledger.debts.open_debts(limit=10, due_before=START + HOUR)
        assert (again.debt, again.tries) == (owed.debt, 0)
        assert await ledger.debts.debt_counts() == DebtCounts(1, START)


async def test_debts_owed_anew_is_not_settled_by_what_was_known_before(tmp_path: Path) -> None:
    """Accepted unseen again in the same second, a picture is neither settled nor put off by who read of it before."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.debts.owe(debt(1), deadline_s=soon())
        await ledger.debts.owe(debt(2), deadline_s=soon())
        (before,) = await ledger.debts.open_debts_of(sha(1))
        await ledger.debts.owe(debt(1), deadline_s=soon())
        assert not await ledger.debts.settle_debt(before.id, "never_stored", at=START)
        assert not await ledger.debts.postpone(before.id, until=START + HOUR, tries=1, reason="not stored yet")
        due = await ledger.debts.open_debts(limit=10, due_before=START)
        assert {owed.debt for owed in due} == {debt(1), debt(2)}
        (after,) = await ledger.debts.open_debts_of(sha(1))
        assert await ledger.debts.settle_debt(after.id, "clean", at=START)
        assert [owed.debt for owed in await ledger.debts.all_open(limit=10)] == [debt(2)]


async def test_debts_same_picture_in_both_orders_of_one_batch(tmp_path: Path) -> None:
    """The same picture many times at once is one debt."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await asyncio.gather(*(ledger.debts.owe(debt(7), deadline_s=soon()) for _ in range(20)))
        assert (await ledger.debts.debt_counts()).open == 1


async def test_debts_postponed(tmp_path: Path) -> None:
    """A debt that was put off is not due before its time, and keeps why and how often."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.debts.owe(debt(1), deadline_s=soon())
        (owed,) = await ledger.debts.open_debts_of(sha(1))
        await ledger.debts.postpone(owed.id, until=START + HOUR, tries=1, reason="pict-rs is away")
        assert await ledger.debts.open_debts(limit=10, due_before=START) == ()
        (late,) = await ledger.debts.open_debts(limit=10, due_before=START + HOUR)
    assert (late.tries, late.reason, late.due) == (1, "pict-rs is away", START + HOUR)


async def test_debts_settled_once(tmp_path: Path) -> None:
    """A debt is settled once; then it is neither due, nor counted, nor put off, and a new one may follow."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.debts.owe(debt(1), deadline_s=soon())
        (owed,) = await ledger.debts.open_debts_of(sha(1))
        assert await ledger.debts.settle_debt(owed.id, "purged", at=START)
        assert not await ledger.debts.settle_debt(owed.id, "clean", at=START)
        await ledger.debts.postpone(owed.id, until=START, tries=1, reason="late")
        assert await ledger.debts.open_debts_of(sha(1)) == ()
        assert await ledger.debts.debt_counts() == DebtCounts(0, None)
        (kept,) = (await ledger.summary(sha(1))).debts
        assert (kept["how"], kept["tries"]) == ("purged", 0)
        await ledger.debts.owe(debt(1, at=START + HOUR), deadline_s=soon())
        (new,) = await ledger.debts.open_debts_of(sha(1))
        assert new.id != owed.id
