"""Decisions of admins and lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.errors import LedgerUnavailable
from coordinator.ledger.ledger import Ledger
from tests.coordinator.ledger.holding import written_by_another
from tests.coordinator.ledger.making import START, WAY, file_in, judged, sha


def listed(number: int, source: str = "list", decision: Decision = Decision.BLOCK) -> Decided:
    """Return a decision of a list."""
    return Decided(sha(number), decision, "admin", START, source=source)


async def test_decisions_newest_counts_and_all_are_logged(tmp_path: Path) -> None:
    """A later decision replaces an earlier one; the log has both."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.decide(Decided(sha(1), Decision.BLOCK, "ann", START, "a mistake"))
        await ledger.decisions.decide(Decided(sha(1), Decision.ALLOW, "bob", START, "a tree"))
        assert await ledger.decisions.all() == (Decided(sha(1), Decision.ALLOW, "bob", START, "a tree"),)
        log = [(entry.who, entry.details["decision"]) for entry in await ledger.audit.entries()]
    assert log == [("ann", "block"), ("bob", "allow")]


async def test_decisions_of_a_list_do_not_override(tmp_path: Path) -> None:
    """A list adds what nobody decided before, and changes nothing else."""
    own = Decided(sha(1), Decision.ALLOW, "ann", START)
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.decide(own)
        new = await ledger.decisions.add_list([listed(1), listed(2), listed(2)], who="ann", at=START, source="list")
        assert new == 1
        assert sorted(await ledger.decisions.all(), key=str) == sorted([own, listed(2)], key=str)
        assert await ledger.decisions.add_list([], who="ann", at=START) == 0


async def test_decisions_of_a_list_name_it(tmp_path: Path) -> None:
    """A hit of an imported list says which list it was."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.add_list([listed(2)], who="ann", at=START, source="list")
        known = await ledger.look_up(sha(2), WAY)
    assert known is not None
    assert (known.decision, known.source) == (Decision.BLOCK, "list")


async def test_decisions_forget_a_list(tmp_path: Path) -> None:
    """A list can be taken back as a whole; other decisions stay."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.add_list([listed(1), listed(2)], who="ann", at=START, source="list")
        await ledger.decisions.add_list([listed(3, "other")], who="ann", at=START, source="other")
        assert await ledger.decisions.forget_list("list", who="ann", at=START) == (2, 0)
        assert await ledger.decisions.forget_list("list", who="ann", at=START) == (0, 0)
        assert await ledger.decisions.all() == (listed(3, "other"),)


async def test_decisions_of_several_lists(tmp_path: Path) -> None:
    """What is on several lists is decided by the first; forgetting it leaves what others say, an admin's own first."""
    async with Ledger(file_in(tmp_path)) as ledger:

        async def add(*decided: Decided) -> None:
            for one in decided:
                await ledger.decisions.add_list([one], who="ann", at=START, source=one.source)

        await add(*(replace(listed(number, "one"), note="of one") for number in (1, 2, 3)))
        await add(listed(4, "one", Decision.ALLOW))
        await add(listed(1, "two"), listed(2, "two", Decision.ALLOW), listed(4, "two"), listed(1, "two"))
        await add(listed(2, "three"), listed(2, ""), listed(1, "one"))
        assert await ledger.decisions.forget_list("one", who="ann", at=START) == (1, 3)
        assert set(await ledger.decisions.all()) == {listed(1, "two"), listed(2, ""), listed(4, "two")}
        assert (await ledger.audit.entries())[-1].details["kept"] == 3
        await add(listed(1, "one"), listed(4, "one"))
        assert await ledger.decisions.forget_list("one", who="ann", at=START) == (0, 2)
        assert await ledger.decisions.forget_list("two", who="ann", at=START) == (2, 1)
        assert await ledger.decisions.all() == (listed(2, ""),)


async def test_decisions_of_several_lists_end_with_the_picture(tmp_path: Path) -> None:
    """Forgetting a picture forgets it for all lists; an admin's decision stays whatever list is forgotten."""
    async with Ledger(file_in(tmp_path)) as ledger:
        for source in ("one", "two"):
            await ledger.decisions.add_list([listed(1, source), listed(2, source)], who="ann", at=START, source=source)
        own = Decided(sha(2), Decision.ALLOW, "ann", START)
        await ledger.decisions.decide(own)
        assert await ledger.decisions.forget(sha(1), who="ann", at=START) == ()
        await ledger.decisions.add_list([listed(1, "three")], who="ann", at=START, source="three")
        for source in ("one", "three", "two"):
            await ledger.decisions.forget_list(source, who="ann", at=START)
        assert await ledger.decisions.all() == (own,)


async def test_decisions_forget_a_picture(tmp_path: Path) -> None:
    """Forgetting takes the decision, the verdict and the scores; the log stays. Twice is once."""
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1))
        await ledger.flushed()
        await ledger.decisions.decide(Decided(sha(1), Decision.BLOCK, "ann", START))
        assert await ledger.decisions.forget(sha(1), who="ann", at=START) == ()
        summary = await ledger.summary(sha(1))
        assert (summary.decision, summary.verdicts) == (None, ())
        assert [item["decision"] for item in summary.log] == ["block", "forget"]
        assert await ledger.decisions.forget(sha(1), who="ann", at=START) == (sha(1),)


async def test_decisions_while_locked_change_nothing(tmp_path: Path) -> None:
    """A decision that cannot be written is one sentence, and is not half written."""
    async with Ledger(file_in(tmp_path), busy_s=0.05) as ledger:
        with written_by_another(file_in(tmp_path)), pytest.raises(LedgerUnavailable, match="another process"):
            await ledger.decisions.decide(Decided(sha(1), Decision.BLOCK, "ann", START))
        assert await ledger.decisions.all() == ()
        assert await ledger.audit.entries() == ()
