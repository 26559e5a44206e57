"""Why the scanner takes no new scans, as its sessions hear of it."""

from __future__ import annotations

import asyncio


class Pauses:
    """The reason, empty while it works, and the news that it has changed."""

    def __init__(self, reason: str = "") -> None:
        """Take the reason to begin with."""
        self.reason = reason
        self._news = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Pauses {self.reason or 'working'}>"

    def change(self, reason: str) -> None:
        """Set the reason and wake whoever waits for news."""
        self.reason = reason
        self._news.set()
        self._news = asyncio.Event()

    async def changed(self) -> None:
        """Wait for the next change."""
        await self._news.wait()
