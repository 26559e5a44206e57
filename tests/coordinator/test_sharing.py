"""The same work asked for twice is done once, and goes on while anybody waits."""

from __future__ import annotations

import asyncio

import pytest

from coordinator.sharing import InFlight


class Work:
    """A piece of work that ends when told to, and counts how often it was begun and cancelled."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.release = asyncio.Event()

    async def run(self) -> str:
        self.begun += 1
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return "done"


async def settle() -> None:
    """Let every task that can run, run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_sharing_two_callers_one_piece_of_work() -> None:
    """Both callers get the result; one of them is told that it started the work."""
    work, in_flight = Work(), InFlight[str, str]()
    calls = [asyncio.create_task(in_flight.join("a", work.run)) for _ in range(2)]
    await settle()
    work.release.set()
    assert await asyncio.gather(*calls) == [("done", True), ("done", False)]
    assert (work.begun, len(in_flight)) == (1, 0)


async def test_sharing_other_keys_are_other_work() -> None:
    """Work is shared by key only."""
    work, in_flight = Work(), InFlight[str, str]()
    calls = [asyncio.create_task(in_flight.join(key, work.run)) for key in "ab"]
    await settle()
    assert work.begun == 2
    work.release.set()
    await asyncio.gather(*calls)


async def test_sharing_goes_on_when_one_of_two_leaves() -> None:
    """The one who started it leaves: the other still gets the result."""
    work, in_flight = Work(), InFlight[str, str]()
    first, second = (asyncio.create_task(in_flight.join("a", work.run)) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    work.release.set()
    assert await second == ("done", False)
    assert work.cancelled == 0


async def test_sharing_is_cancelled_when_the_last_leaves() -> None:
    """Nobody waits any more: the work is cancelled and forgotten, and the next caller starts anew."""
    work, in_flight = Work(), InFlight[str, str]()
    call = asyncio.create_task(in_flight.join("a", work.run))
    await settle()
    call.cancel()
    await settle()
    assert (work.cancelled, len(in_flight)) == (1, 0)
    work.release.set()
    assert await in_flight.join("a", work.run) == ("done", True)


async def test_sharing_who_asks_again_gets_work_of_its_own() -> None:
    """Whoever is not content with a result asks again at once, while others have not taken it yet: no old result."""
    work, in_flight = Work(), InFlight[str, str]()

    async def ask_until_started() -> int:
        for tries in range(10):
            _, started = await in_flight.join("a", work.run)
            if started:
                return tries
        raise AssertionError("it gets the same result for ever")

    calls = [asyncio.create_task(ask_until_started()) for _ in range(4)]
    await settle()
    work.release.set()
    assert await asyncio.gather(*calls) == [0, 1, 2, 3]
    assert (work.begun, work.cancelled, len(in_flight)) == (4, 0, 0)


async def test_sharing_a_fault_reaches_everybody() -> None:
    """What the work raises, every caller sees."""

    async def fail() -> str:
        await asyncio.sleep(0)
        raise LookupError("gone")

    in_flight = InFlight[str, str]()
    calls = [asyncio.create_task(in_flight.join("a", fail)) for _ in range(2)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [LookupError, LookupError]
    with pytest.raises(LookupError):
        await in_flight.join("a", fail)
