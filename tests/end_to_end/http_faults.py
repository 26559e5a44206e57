"""A proxy before an HTTP server that throttles, fails, and breaks off in the middle of bodies."""

from __future__ import annotations

import asyncio
import random
from types import TracebackType
from typing import Self

THROTTLED = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class HttpFaults:
    """Passes requests on to a port of 127.0.0.1, a share of them in vain. `async with HttpFaults(port) as f:`."""

    def __init__(self, target: int, *, share: float = 0.0, seed: int = 1) -> None:
        """Take the server's port, and the share of requests that go wrong, in equal parts each way."""
        self.share = share
        self.faults = 0
        """Requests that went wrong."""
        self.requests = 0
        self._target = target
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            # A client that hung up, or that was broken off on purpose.
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        self.requests += 1
        fault = self._random.choice(("throttle", "fail", "half")) if self._random.random() < self.share else ""
        self.faults += bool(fault)
        if fault in {"throttle", "fail"}:
            writer.write(THROTTLED if fault == "throttle" else FAILED)
            await writer.drain()
            return
        upstream, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            # One request a connection: its answer ends where the connection does.
            to_server.write(head[:-2] + b"Connection: close\r\n\r\n" + body)
            await to_server.drain()
            answer = await upstream.read(-1)
        finally:
            to_server.close()
        begin = answer.find(b"\r\n\r\n") + 4
        writer.write(answer if fault != "half" else answer[: begin + (len(answer) - begin) // 2])
        await writer.drain()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
