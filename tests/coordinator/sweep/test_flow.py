"""How much of a sweep is in flight."""

from __future__ import annotations

import asyncio

from coordinator.sweep.flow import FIRST_AT_ONCE, SLOW_S, Flow


class Turns:
    """Tasks that hold a turn until they are told to let it go."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._release = asyncio.Event()
        self.held = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, count: int) -> None:
        """Let so many want a turn."""
        self._tasks += [asyncio.create_task(self._hold()) for _ in range(count)]

    async def _hold(self) -> None:
        async with self._flow.turn():
            self.held += 1
            await self._release.wait()

    async def settle(self) -> int:
        """Return how many have a turn once all tasks had a chance."""
        for _ in range(20):
            await asyncio.sleep(0)
        return self.held

    async def let_go(self) -> None:
        """Let all have their turn and end."""
        self._release.set()
        await asyncio.gather(*self._tasks)


async def test_flow_begins_with_few_and_grows() -> None:
    """A few are let through at first, more as answers come soon, and never more than the most."""
    flow = Flow(most_at_once=6)
    turns = Turns(flow)
    turns.start(20)
    assert await turns.settle() == FIRST_AT_ONCE
    for _ in range(40):
        flow.went_well(0.01)
    assert await turns.settle() == 6
    async with asyncio.timeout(10):
        await turns.let_go()


async def test_flow_shrinks_when_answers_are_slow() -> None:
    """Slow answers wait in a queue elsewhere: fewer are sent."""
    flow = Flow(most_at_once=8)
    for _ in range(60):
        flow.went_well(0.01)
    flow.went_well(SLOW_S + 1)
    turns = Turns(flow)
    turns.start(20)
    assert await turns.settle() == 4
    async with asyncio.timeout(10):
        await turns.let_go()


async def test_flow_sends_a_trial_after_a_fault() -> None:
    """Turned away, it waits, then lets one through alone, and all again once that went well."""
    flow = Flow(first_pause_s=0.02)
    flow.turned_away("no scanner is there")
    turns = Turns(flow)
    turns.start(3)
    assert await turns.settle() == 0
    async with asyncio.timeout(10):
        while not turns.held:  # noqa: ASYNC110 -- a pause of its own ends
            await asyncio.sleep(0.005)
        assert (await turns.settle(), flow.fault) == (1, "no scanner is there")
        for _ in range(20):
            flow.went_well(0.01)
        assert (await turns.settle(), flow.fault) == (3, "")
        await turns.let_go()


async def test_flow_pauses_and_goes_on() -> None:
    """Nothing is let through while it is paused."""
    flow = Flow()
    flow.pause(on=True)
    turns = Turns(flow)
    turns.start(2)
    assert await turns.settle() == 0
    flow.pause(on=False)
    assert await turns.settle() == 2
    async with asyncio.timeout(10):
        await turns.let_go()


async def test_flow_keeps_to_a_rate() -> None:
    """New files are let through at the rate; further asks about the same one do not count."""
    flow = Flow(limit_per_s=50)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for _ in range(6):
        async with flow.turn():
            pass
        for _ in range(20):
            async with flow.turn(is_new=False):
                pass
    assert loop.time() - began_s >= 0.099


async def test_flow_pauses_those_that_wait_for_the_rate() -> None:
    """A pause holds for files that wait for their time already, and a rate that is lifted lets them go at once."""
    flow = Flow(limit_per_s=100)
    turns = Turns(flow)
    turns.start(4)
    assert await turns.settle() == 1
    flow.pause(on=True)
    await asyncio.sleep(0.1)
    assert turns.held == 1
    flow.limit_per_s = 0.001
    flow.pause(on=False)
    assert await turns.settle() == 2
    flow.limit_per_s = None
    assert await turns.settle() == 4
    async with asyncio.timeout(10):
        await turns.let_go()
