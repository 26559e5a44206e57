"""Messages on their way to one scanner, in order; what is not sent yet can be taken back."""

from __future__ import annotations

import asyncio
from collections import deque

from shared.messages import Frame, FromCoordinator, Scan


class Outbox:
    """A queue between the hub, which never waits, and the connection's writer."""

    def __init__(self) -> None:
        self._messages: deque[FromCoordinator] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, *messages: FromCoordinator) -> None:
        """Add messages to the end."""
        self._messages.extend(messages)
        self._filled.set()

    def drop(self, scan: str) -> bool:
        """Take back what is not sent yet of a scan; say whether even its announcement was."""
        before = len(self._messages)
        announced = any(isinstance(m, Scan) and m.scan_id == scan for m in self._messages)
        if before:
            self._messages = deque(m for m in self._messages if not (isinstance(m, Scan | Frame) and m.scan_id == scan))
        return announced

    def clear(self) -> None:
        """Let go of everything: nothing more is sent."""
        self._messages.clear()

    async def get(self) -> FromCoordinator:
        """Wait for the next message and take it out."""
        while not self._messages:
            self._filled.clear()
            await self._filled.wait()
        return self._messages.popleft()
