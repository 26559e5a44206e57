"""The memory of all files on their way."""

from __future__ import annotations

import asyncio

from coordinator.sweep.budget import Budget


async def test_budget_lets_wait_what_does_not_fit() -> None:
    """What would be too much waits until others are done; one file goes whatever its size."""
    budget = Budget(100)
    order: list[str] = []

    async def hold(name: str, size_bytes: int, until: asyncio.Event) -> None:
        async with budget.hold(size_bytes):
            order.append(name)
            await until.wait()

    first, second = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(hold("large", 1000, first))
        await asyncio.sleep(0)
        group.create_task(hold("small", 1, second))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order == ["large"]
        first.set()
        second.set()
    assert order == ["large", "small"]
