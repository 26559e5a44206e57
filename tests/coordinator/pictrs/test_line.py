"""The line to pict-rs: how long connections are kept, and addresses that are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from coordinator.pictrs import line
from coordinator.pictrs.errors import UnreachableError
from coordinator.pictrs.line import Line


@dataclass
class HangsUp:
    """A server that answers one question on each connection, and hangs up the moment that the next one comes."""

    connections: list[asyncio.Task[None] | None] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read(1)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def line_to(server: HangsUp) -> AsyncIterator[Line]:
    """Run a server, and ask it."""
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as running:
        host, port = running.sockets[0].getsockname()
        asked = Line(f"http://{host}:{port}", "key")
        try:
            yield asked
        finally:
            await asked.close()
            await asyncio.gather(*filter(None, server.connections))


async def test_line_uses_no_connection_that_was_idle_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question after a pause has a connection of its own, before the other end may have hung up."""
    monkeypatch.setattr(line, "KEPT_S", 0.05)
    server = HangsUp()
    async with line_to(server) as asked:
        for _ in range(2):
            # With content, so that it is not asked again.
            async with asked.ask("POST", asked.url, content=b"") as answer:
                await answer.aread()
            await asyncio.sleep(0.1)
    assert len(server.connections) == 2


async def test_line_asks_again_when_the_other_end_hangs_up() -> None:
    """A question without content that is lost is asked once more, on another connection; what has content is not."""
    server = HangsUp()
    async with line_to(server) as asked:
        for _ in range(2):
            async with asked.ask("POST", asked.url) as answer:
                await answer.aread()
        with pytest.raises(UnreachableError, match="disconnected"):
            async with asked.ask("POST", asked.url, content=b"x"):
                pass
    assert len(server.connections) == 2


async def test_line_to_an_address_that_is_none_is_unreachable() -> None:
    """No error of the library's own leaves the line."""
    asked = Line("http://10.0.0.256:8080", "key")
    with pytest.raises(UnreachableError, match=r"10\.0\.0\.256"):
        async with asked.ask("GET", asked.url):
            pass
    await asked.close()
