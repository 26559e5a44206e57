"""Share one piece of work among all who ask for the same while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(slots=True)
class _Running(Generic[T]):
    task: asyncio.Task[T]
    waiters: int = 0


class InFlight(Generic[K, T]):
    """Work by key. It goes on while anybody waits, and is cancelled when the last one leaves."""

    def __init__(self) -> None:
        self._running: dict[K, _Running[T]] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def join(self, key: K, start: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T, bool]:
        """Wait for the work of this key, starting it when nobody has; say whether this call started it.

        Raises what the work raises.
        """
        running = self._running.get(key)
        started = running is None or running.task.done()
        if running is None or running.task.done():
            # What is done has a result that others are about to take: whoever comes now wants another.
            running = self._running[key] = _Running(asyncio.create_task(start()))
        running.waiters += 1
        try:
            return await asyncio.shield(running.task), started
        finally:
            running.waiters -= 1
            if running.waiters == 0:
                # At once, not when the task has ended: nobody may join work that is being cancelled.
                if self._running.get(key) is running:
                    del self._running[key]
                running.task.cancel()
