"""The line to pict-rs: how long connections are kept, and addresses that are none."""

from __future__ import annotations

import asyncio

import pytest

from coordinator.pictrs import line
from coordinator.pictrs.errors import UnreachableError
from coordinator.pictrs.line import Line


async def test_line_uses_no_connection_that_was_idle_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question after a pause has a connection of its own, before the other end may have hung up."""
    monkeypatch.setattr(line, "KEPT_S", 0.05)
    connections = 0

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        # As if it hung up the moment the next question is on its way.
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(answer_once, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        asked = Line(f"http://{host}:{port}", "key")
        for _ in range(2):
            async with asked.ask("GET", asked.url) as answer:
                assert answer.status_code == 200
            await asyncio.sleep(0.1)
        await asked.close()
    assert connections == 2


async def test_line_to_an_address_that_is_none_is_unreachable() -> None:
    """No error of the library's own leaves the line."""
    asked = Line("http://10.0.0.256:8080", "key")
    with pytest.raises(UnreachableError, match=r"10\.0\.0\.256"):
        async with asked.ask("GET", asked.url):
            pass
    await asked.close()
