"""A caller that costs little itself: keep-alive HTTP/1.1 over asyncio streams, chunked bodies as pict-rs sends them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Self

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answered:
    """One upload: its status, and the milliseconds from its first byte to the end of the answer."""

    status: int
    milliseconds: float


class Caller:
    """One connection to a hook, with one upload at a time on it."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._address = (host, port)
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
        ).encode()

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def send(self, body: bytes) -> Answered:
        """Send one upload and read its answer."""
        began_s = time.perf_counter()
        parts = [self._head]
        for start in range(0, len(body), CHUNK_BYTES):
            chunk = body[start : start + CHUNK_BYTES]
            parts += [f"{len(chunk):x}\r\n".encode(), chunk, b"\r\n"]
        self._writer.writelines([*parts, b"0\r\n\r\n"])
        await self._writer.drain()
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        await self._reader.readexactly(length)
        return Answered(int(lines[0].split()[1]), (time.perf_counter() - began_s) * 1e3)


def distinct(body: bytes, number: int) -> bytes:
    """Return the body of a JPEG with another hash and the same pixels: what follows the end of image is ignored."""
    return body + number.to_bytes(8, "big")


async def offer(port: int, path: str, body: bytes, *, callers: int, uploads: int, first: int) -> list[Answered]:
    """Send distinct uploads over so many connections at once, each sending its next one when the last is answered."""
    numbers = iter(range(first, first + uploads))

    async def one() -> list[Answered]:
        async with Caller("127.0.0.1", port, path) as caller:
            return [await caller.send(distinct(body, number)) for number in numbers]

    return [answer for answers in await asyncio.gather(*(one() for _ in range(callers))) for answer in answers]
