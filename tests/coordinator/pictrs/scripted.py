"""A small HTTP server on a real socket that answers by a script and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Reply:
    """What to answer: status, headers, body; `length` says more or fewer bytes than there are."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None

    def encode(self) -> bytes:
        """Return the bytes to send; the connection ends behind them."""
        length = len(self.body) if self.length is None else self.length
        lines = [f"HTTP/1.1 {self.status} Whatever", f"Content-Length: {length}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class Server:
    """`async with Server({"/path": Reply()}) as server:`; None for a path: it never answers.

    A path with its query goes before the path alone.
    """

    def __init__(self, replies: Mapping[str, Reply | None], other: Reply = Reply(404)) -> None:
        self.replies = dict(replies)
        self.other = other
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        """The request lines, and their headers by lower-case names."""
        self._serving: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.append(task)
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        self.requests.append((line, {name.lower(): value for name, _, value in (f.partition(": ") for f in fields)}))
        target = line.split(" ")[1]
        reply = self.replies.get(target, self.replies.get(target.partition("?")[0], self.other))
        if reply is None:
            await reader.read()
        else:
            writer.write(reply.encode())
            await writer.drain()
