"""Likenesses in the ledger: of lists, of blocked pictures, and of judged ones."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.likenesses import Blocked, Listed, State
from coordinator.ledger.periods import Periods
from coordinator.media.looks import Likeness
from tests.coordinator.ledger.making import START, WAY, Clock, file_in, judged, sha


def likeness(number: int, quality: int = 100) -> Likeness:
    """Return a likeness; the same for the same number."""
    return Likeness(bytes.fromhex(sha(number)), quality)


def listed(number: int, source: str = "list", quality: int = 100) -> Listed:
    """Return a line of a list."""
    return Listed(likeness(number, quality), "ann", START, source=source)


def block(number: int) -> Decided:
    """Return the decision to block a picture."""
    return Decided(sha(number), Decision.BLOCK, "ann", START)


async def pdqs(ledger: Ledger, *, least_quality: int = 0) -> list[str]:
    """Return all PDQs that copies are blocked by, in hex."""
    newest = (await ledger.likenesses.state()).newest
    text = "".join([part async for part in ledger.likenesses.slices(0, newest, least_quality=least_quality)])
    return [text[start : start + 64].lower() for start in range(0, len(text), 64)]


async def test_likenesses_of_a_list(tmp_path: Path) -> None:
    """A list is added once, by all or none of its lines, is found by its PDQs, and goes as a whole."""
    async with Ledger(file_in(tmp_path)) as ledger:
        assert await ledger.likenesses.state() == State(0, 0, blocks=False)
        lines = [listed(1), listed(2), listed(1)]
        assert await ledger.decisions.add_list([], lines, who="ann", at=START, source="list") == 2
        assert await ledger.decisions.add_list([block(9)], [listed(2), listed(3)], who="ann", at=START) == 2
        assert await pdqs(ledger) == [sha(1), sha(2), sha(3)]
        assert await ledger.blocked_by(likeness(2).pdq) == Blocked("list", "")
        assert await ledger.likenesses.listed() == (listed(1), listed(2), listed(3))
        before = await ledger.likenesses.state()
        assert before.blocks
        assert await ledger.decisions.forget_likeness(likeness(2).pdq, who="ann", at=START)
        assert not await ledger.decisions.forget_likeness(likeness(2).pdq, who="ann", at=START)
        assert await ledger.decisions.forget_list("list", who="ann", at=START) == (2, 0)
        assert await pdqs(ledger) == []
        assert await ledger.blocked_by(likeness(1).pdq) is None
        assert (await ledger.likenesses.state()).removals > before.removals
        details = [dict(entry.details) for entry in await ledger.audit.entries()]
    assert details[-2] == {"decision": "forget", "pdq": sha(2)}
    assert details[-1] == {"decision": "forget", "source": "list", "count": 2, "kept": 0}


async def test_likenesses_of_poor_quality_do_not_count(tmp_path: Path) -> None:
    """What has less quality than asked for is left out."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.add_list([], [listed(1, quality=49), listed(2, quality=50)], who="ann", at=START)
        assert await pdqs(ledger, least_quality=50) == [sha(2)]


async def test_likenesses_of_judged_pictures_count_when_these_are_blocked(tmp_path: Path) -> None:
    """The likeness of a judged picture blocks nothing before the picture is blocked, by an admin or a list."""
    async with Ledger(file_in(tmp_path)) as ledger:
        for number in (1, 2, 3):
            ledger.remember(replace(judged(number), likeness=likeness(number)))
        await ledger.flushed()
        assert not (await ledger.likenesses.state()).blocks
        known = await ledger.look_up(sha(1), WAY)
        assert known is not None
        assert (known.likeness, known.is_spread) == (likeness(1), False)
        await ledger.decisions.decide(block(1))
        await ledger.decisions.add_list([replace(block(2), source="friends")], who="ann", at=START, source="friends")
        assert await pdqs(ledger) == [sha(1), sha(2)]
        assert await ledger.blocked_by(likeness(1).pdq) == Blocked("", sha(1))
        assert await ledger.blocked_by(likeness(2).pdq) == Blocked("friends", sha(2))
        known = await ledger.look_up(sha(1), WAY)
        assert known is not None
        assert (known.decision, known.likeness, known.is_spread) == (Decision.BLOCK, likeness(1), True)


async def test_likenesses_end_with_what_they_came_from(tmp_path: Path) -> None:
    """Allowing or forgetting a picture, or its list, ends the blocking of its copies."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.add_list([replace(block(3), source="friends")], who="ann", at=START, source="friends")
        await ledger.decisions.decide(block(1), block(2))
        for number in (1, 2, 3):
            await ledger.likenesses.spread(sha(number), likeness(number))
        assert await pdqs(ledger) == [sha(1), sha(2), sha(3)]
        await ledger.decisions.decide(Decided(sha(1), Decision.ALLOW, "ann", START))
        assert await ledger.decisions.forget(sha(2), who="ann", at=START) == ()
        assert await ledger.decisions.forget_list("friends", who="ann", at=START) == (1, 0)
        assert await pdqs(ledger) == []


async def test_likenesses_of_several_lists(tmp_path: Path) -> None:
    """Copies stay blocked as long as any list has the PDQ, or blocks the picture, and a hit names such a list."""
    async with Ledger(file_in(tmp_path)) as ledger:
        for source in ("one", "two"):
            decided = [replace(block(2), source=source)]
            lines = [listed(1, source), listed(3, source)]
            await ledger.decisions.add_list(decided, lines, who="ann", at=START, source=source)
        await ledger.likenesses.spread(sha(2), likeness(2))
        assert await ledger.decisions.forget_likeness(likeness(3).pdq, who="ann", at=START)
        assert await ledger.decisions.forget_list("one", who="ann", at=START) == (0, 2)
        assert sorted(await pdqs(ledger)) == sorted([sha(1), sha(2)])
        assert await ledger.blocked_by(likeness(1).pdq) == Blocked("two", "")
        assert await ledger.blocked_by(likeness(2).pdq) == Blocked("two", sha(2))
        assert await ledger.decisions.forget_list("two", who="ann", at=START) == (2, 0)
        assert await pdqs(ledger) == []


async def test_likenesses_follow_the_list_that_is_left(tmp_path: Path) -> None:
    """When the list that is left blocks what the forgotten one allowed, copies are blocked, and the other way round."""
    async with Ledger(file_in(tmp_path)) as ledger:
        for number in (1, 2):
            ledger.remember(replace(judged(number), likeness=likeness(number)))
        await ledger.flushed()
        for source, allowed, blocked in (("one", 1, 2), ("two", 2, 1)):
            decided = [replace(block(blocked), source=source)]
            decided.append(Decided(sha(allowed), Decision.ALLOW, "ann", START, source=source))
            await ledger.decisions.add_list(decided, who="ann", at=START, source=source)
        assert await pdqs(ledger) == [sha(2)]
        assert await ledger.decisions.forget_list("one", who="ann", at=START) == (0, 2)
        assert await pdqs(ledger) == [sha(1)]


async def test_likenesses_of_a_list_become_an_admins(tmp_path: Path) -> None:
    """Once an admin blocks a picture of a list, its copies are blocked by the admin; forgetting the list changes none.

    An admin who allows it ends the blocking of its copies, whatever list it was on.
    """
    async with Ledger(file_in(tmp_path)) as ledger:
        theirs = [replace(block(number), source="friends") for number in (1, 2, 3)]
        await ledger.decisions.add_list(theirs, who="ann", at=START, source="friends")
        for number in (1, 2, 3):
            await ledger.likenesses.spread(sha(number), likeness(number))
        assert await ledger.blocked_by(likeness(1).pdq) == Blocked("friends", sha(1))
        await ledger.decisions.decide(block(1), Decided(sha(2), Decision.ALLOW, "ann", START))
        assert await ledger.blocked_by(likeness(1).pdq) == Blocked("", sha(1))
        assert await ledger.decisions.forget_list("friends", who="ann", at=START) == (1, 0)
        assert await pdqs(ledger) == [sha(1)]
        assert await ledger.blocked_by(likeness(1).pdq) == Blocked("", sha(1))


async def test_likenesses_do_not_spread_without_a_block(tmp_path: Path) -> None:
    """A picture that nobody blocks, or that is allowed, has no copies; what is spread twice stands once."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.decide(Decided(sha(1), Decision.ALLOW, "ann", START), block(2))
        for number in (0, 1, 2, 2):
            await ledger.likenesses.spread(sha(number), likeness(number))
        assert await pdqs(ledger) == [sha(2)]


async def test_likenesses_changes_are_seen_when_looking_up(tmp_path: Path) -> None:
    """Every change of a decision or a list, by whatever process, changes the mark that a look-up sees."""
    async with Ledger(file_in(tmp_path)) as ledger, Ledger(file_in(tmp_path)) as command:

        async def mark() -> int:
            await ledger.look_up(sha(100), WAY)
            return ledger.decisions_mark

        marks = [await mark()]
        await command.decisions.decide(block(1))
        marks.append(await mark())
        await command.likenesses.spread(sha(1), likeness(1))
        marks.append(await mark())
        await command.decisions.add_list([], [listed(5)], who="ann", at=START)
        marks.append(await mark())
        await command.decisions.forget_likeness(likeness(5).pdq, who="ann", at=START)
        marks.append(await mark())
        await command.decisions.forget(sha(1), who="ann", at=START)
        marks.append(await mark())
    assert marks == sorted(set(marks))


async def test_likenesses_of_judged_pictures_are_kept_for_days(tmp_path: Path) -> None:
    """They go with the scores; those of blocked pictures and lists stay."""
    clock = Clock()
    async with Ledger(file_in(tmp_path), periods=Periods(scores_days=10), clock=clock) as ledger:
        for number in (1, 2):
            ledger.remember(replace(judged(number), likeness=likeness(number)))
        await ledger.flushed()
        await ledger.decisions.decide(block(1))
        clock.advance(days=11)
        await ledger.retention.remove_old()
        assert await pdqs(ledger) == [sha(1)]
    with closing(sqlite3.connect(file_in(tmp_path))) as connection:
        assert connection.execute("SELECT count(*) FROM likenesses").fetchone() == (0,)
