"""Which uploads are copies of what is blocked: a real ledger and real limited processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from coordinator.copies import Copied, Copies
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.likenesses import Listed
from coordinator.ledger.store import BUSY_S
from coordinator.media.limited import Cutters
from coordinator.media.limits import Limits
from coordinator.media.looks import Likeness
from tests.coordinator.ledger.holding import closed_to_all
from tests.coordinator.ledger.making import START, WAY, file_in, sha
from tests.coordinator.ledger.test_likenesses import block, likeness, listed

LONG_S = 60.0


def near(number: int, bits: int, quality: int = 100) -> Likeness:
    """Return a likeness from which some bits are missing or added."""
    value = int.from_bytes(likeness(number).pdq, "big") ^ ((1 << bits) - 1)
    return Likeness(value.to_bytes(32, "big"), quality)


@asynccontextmanager
async def copies_in(folder: Path, *, has_extra: bool | None = None) -> AsyncIterator[tuple[Ledger, Copies, Cutters]]:
    """Open a ledger, and compare with what is blocked there."""
    async with Ledger(file_in(folder)) as ledger, Cutters(limits=Limits()) as cutters:
        copies = Copies(ledger=ledger, cutters=cutters, distance=31, quality=50, has_extra=has_extra)
        await copies.load()
        yield ledger, copies, cutters
        copies.close()


async def test_copies_are_told_by_distance_and_quality(tmp_path: Path) -> None:
    """Up to the distance, and from the quality on, an upload is a copy; beyond, it is none."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.add_list([], [listed(1), listed(2, quality=49)], who="ann", at=START)
    async with copies_in(tmp_path) as (_, copies, cutters):
        assert await copies.wanted(within_s=LONG_S)
        assert cutters.knows_likeness
        assert await copies.match(near(1, 31)) == Copied("list", "", 31)
        assert await copies.match(near(1, 32)) is None
        assert await copies.match(near(1, 0, quality=49)) is None
        assert await copies.match(likeness(2)) is None
        assert await copies.match(None) is None


async def test_copies_of_a_ledger_that_does_not_answer(tmp_path: Path) -> None:
    """While nobody may read the ledger, a copy is one all the same, after a fraction of a second."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.add_list([], [listed(1)], who="ann", at=START)
    async with copies_in(tmp_path) as (ledger, copies, _):
        await ledger.look_up(sha(100), WAY)
        with closed_to_all(file_in(tmp_path)):
            began_s = asyncio.get_running_loop().time()
            assert await copies.match(near(1, 3)) == Copied("", "", 3)
            assert asyncio.get_running_loop().time() - began_s < BUSY_S
        async with asyncio.timeout(10):
            while await copies.match(near(1, 3)) != Copied("list", "", 3):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)


async def test_copies_follow_what_is_decided_elsewhere(tmp_path: Path) -> None:
    """What another process blocks counts from the next look-up on, and what it takes back counts no more."""
    async with copies_in(tmp_path) as (ledger, copies, cutters), Ledger(file_in(tmp_path)) as command:
        assert not await copies.wanted(within_s=LONG_S)
        assert not cutters.knows_likeness
        await command.decisions.decide(block(1))
        await command.likenesses.spread(sha(1), likeness(1))
        await ledger.look_up(sha(100), WAY)
        assert await copies.wanted(within_s=LONG_S)
        assert await copies.match(near(1, 3)) == Copied("", sha(1), 3)
        await command.decisions.add_list([], [listed(2)], who="ann", at=START)
        await ledger.look_up(sha(100), WAY)
        assert all(await asyncio.gather(*(copies.wanted(within_s=LONG_S) for _ in range(5))))
        assert [await copies.match(near(number, 1)) is not None for number in (1, 2)] == [True, True]
        await command.decisions.forget(sha(1), who="ann", at=START)
        await command.decisions.forget_list("list", who="ann", at=START)
        await ledger.look_up(sha(100), WAY)
        assert not await copies.wanted(within_s=LONG_S)
        assert [await copies.match(near(number, 1)) for number in (1, 2)] == [None, None]


async def test_copies_without_the_extra(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where the extra is missing no likeness is wanted, and a list that cannot be used is said once."""
    async with Ledger(file_in(tmp_path)) as ledger:
        await ledger.decisions.add_list([], [listed(1)], who="ann", at=START)
    async with copies_in(tmp_path, has_extra=False) as (ledger, copies, cutters):
        await ledger.look_up(sha(100), WAY)
        assert not await copies.wanted(within_s=LONG_S)
        assert not cutters.knows_likeness
        assert await copies.match(likeness(1)) is None
    assert [record.message for record in caplog.records] == [
        "1 likenesses are blocked, and no copy is recognised: that needs the extra `pdq`: pip install 'fediward[pdq]'"
    ]


async def test_copies_of_many_lines(tmp_path: Path) -> None:
    """A list of more lines than are read at once is there as a whole."""
    count = 60_000
    lines = [Listed(Likeness(number.to_bytes(32, "little"), 100), "ann", START) for number in range(1, count + 1)]
    async with Ledger(file_in(tmp_path)) as ledger:
        assert await ledger.decisions.add_list([], lines, who="ann", at=START) == count
    async with copies_in(tmp_path) as (_, copies, _):
        assert len(copies) == count
        assert await copies.match(lines[-1].likeness) == Copied("", "", 0)


@pytest.mark.parametrize(
    ("copied", "words"),
    [
        (Copied("friends", "", 3), "blocked by the list friends: like a picture on it, 3 of 256 bits differ"),
        (Copied("", "ab" * 32, 0), f"blocked by an admin: a copy of {'ab' * 32}, 0 of 256 bits differ"),
    ],
)
def test_copied_in_words(copied: Copied, words: str) -> None:
    """A hit names its list, and the picture where there is one."""
    assert str(copied) == words
