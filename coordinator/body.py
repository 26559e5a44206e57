"""Read the body of an upload as it streams: count, hash, and keep it as far as memory allows."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


class BodyMemory:
    """The bytes that all bodies together may hold."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    def take(self, size_bytes: int) -> bool:
        """Reserve bytes; False when there are not enough left."""
        if self.used_bytes + size_bytes > self.limit_bytes:
            return False
        self.used_bytes += size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """Free bytes that were reserved."""
        self.used_bytes -= size_bytes


@dataclass(slots=True)
class Body:
    """What was read of an upload. Release it when its bytes are no longer needed."""

    memory: BodyMemory
    chunks: list[bytes] = field(default_factory=list, repr=False)
    size_bytes: int = 0
    kept_bytes: int = 0
    sha256: str = ""
    is_whole: bool = True
    """False when bytes were dropped because memory was short, or because there were too many."""

    def release(self) -> None:
        """Let go of the bytes; size and hash stay."""
        self.chunks = []
        self.memory.give_back(self.kept_bytes)
        self.kept_bytes = 0


async def read_body(stream: AsyncIterator[bytes], body: Body, *, limit_bytes: int) -> None:
    """Read a stream to its end into `body`, which the caller releases.

    Beyond `limit_bytes`, or when memory is short, bytes are counted and hashed but not kept: an early answer would
    break the caller's pipe, and without the hash nothing can be looked at later.
    """
    digest = hashlib.sha256()
    async for chunk in stream:
        body.size_bytes += len(chunk)
        digest.update(chunk)
        if not body.is_whole or not chunk:
            continue
        if body.size_bytes > limit_bytes or not body.memory.take(len(chunk)):
            body.is_whole = False
            body.release()
        else:
            body.chunks.append(chunk)
            body.kept_bytes += len(chunk)
    body.sha256 = digest.hexdigest()
