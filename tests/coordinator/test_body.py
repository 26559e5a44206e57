"""Bodies are counted and hashed to their end, and kept as far as memory allows."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from coordinator.body import Body, BodyMemory, read_body


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    """Give chunks as a connection does."""
    for chunk in chunks:
        yield chunk


async def test_body_keeps_what_fits() -> None:
    """All chunks are kept, counted and hashed."""
    memory = BodyMemory(100)
    body = Body(memory)
    await read_body(stream(b"abc", b"", b"de"), body, limit_bytes=10)
    assert (b"".join(body.chunks), body.size_bytes, body.is_whole, memory.used_bytes) == (b"abcde", 5, True, 5)
    assert body.sha256 == hashlib.sha256(b"abcde").hexdigest()


async def test_body_release_gives_memory_back_once() -> None:
    """Releasing twice frees the bytes once."""
    memory = BodyMemory(100)
    body = Body(memory)
    await read_body(stream(b"abc"), body, limit_bytes=10)
    body.release()
    body.release()
    assert (memory.used_bytes, body.chunks, body.size_bytes) == (0, [], 3)


async def test_body_too_large_is_hashed_and_dropped() -> None:
    """Beyond the limit nothing is kept, and the hash is that of the whole."""
    memory = BodyMemory(100)
    body = Body(memory)
    await read_body(stream(b"abc", b"def", b"ghi"), body, limit_bytes=5)
    assert (body.is_whole, body.size_bytes, memory.used_bytes) == (False, 9, 0)
    assert body.sha256 == hashlib.sha256(b"abcdefghi").hexdigest()


async def test_body_without_memory_is_hashed_and_dropped() -> None:
    """When other bodies hold the memory, this one is dropped, and they keep theirs."""
    memory = BodyMemory(4)
    first, second = Body(memory), Body(memory)
    await read_body(stream(b"abc"), first, limit_bytes=10)
    await read_body(stream(b"d", b"ef", b"g"), second, limit_bytes=10)
    assert (second.is_whole, second.size_bytes, memory.used_bytes) == (False, 4, 3)
    assert second.sha256 == hashlib.sha256(b"defg").hexdigest()


def test_body_repr_hides_the_bytes() -> None:
    """The content never reaches a log through repr."""
    assert "secret" not in repr(Body(BodyMemory(10), chunks=[b"secret"]))
