"""Waiting for what another process does: looked at again and again, until a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

INTERVAL_S = 0.01


async def until(condition: Callable[[], object], *, within_s: float, what: str) -> None:
    """Return once a condition holds; raise AssertionError when it does not within so many seconds."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                if condition():
                    return
                await asyncio.sleep(INTERVAL_S)
    except TimeoutError:
        raise AssertionError(f"not within {within_s:g} s: {what}") from None
