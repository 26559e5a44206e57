"""Callers: what asks the coordinator about an upload, as pict-rs does, and as nobody should."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.end_to_end.processes import Coordinator

ANSWER_S = 30.0
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """What a caller was told."""

    status: int
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """Return the outcome, or the sentence of a refusal."""
        return str(self.report.get("outcome") or self.report.get("error"))

    @property
    def ms(self) -> dict[str, float]:
        """Return the milliseconds by step."""
        return dict(self.report["milliseconds"])


async def upload(
    coordinator: Coordinator,
    body: bytes,
    *,
    secret: str = "IPADDR",
    query: str = "",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send a body in chunks without saying its length, as pict-rs does; return the answer."""
    # No certificates: reading them takes 60 ms of processor time, and nothing here is encrypted.
    async with httpx2.AsyncClient(timeout=ANSWER_S, verify=False) as client:
        response = await client.post(
            coordinator.hook_url(secret, query),
            content=_chunks(body),
            headers={"Content-Type": "image/png", **(headers or {})},
        )
    return Answer(response.status_code, response.json())


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), CHUNK_BYTES):
        yield body[start : start + CHUNK_BYTES]


class SlowCaller:
    """A caller that sends its body piece by piece, over a connection of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, piece: bytes) -> None:
        """Send one chunk of the body."""
        self._writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await self._writer.drain()

    async def finish(self) -> None:
        """Send the end of the body."""
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def answer(self) -> Answer:
        """Wait for the answer."""
        async with asyncio.timeout(ANSWER_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            body = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(lines[0].split()[1]), json.loads(body))

    async def leave(self) -> None:
        """Hang up, whatever is on its way."""
        self._writer.close()
        await self._writer.wait_closed()


@asynccontextmanager
async def slow_caller(coordinator: Coordinator, *, secret: str = "IPADDR") -> AsyncIterator[SlowCaller]:
    """Begin an upload: its headers are sent, its body is the caller's to send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", coordinator.hook_port)
    writer.write(
        b"POST /api/v1/scan/%s HTTP/1.1\r\nHost: hook\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: image/png\r\n\r\n" % secret.encode()
    )
    await writer.drain()
    caller = SlowCaller(reader, writer)
    try:
        yield caller
    finally:
        await caller.leave()
