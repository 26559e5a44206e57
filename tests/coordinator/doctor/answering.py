"""A web server that gives one answer to everybody, as proxies and strangers do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

TLS_RECORD = b"\x16"
"""How a handshake begins: one who speaks no TLS hangs up."""


@asynccontextmanager
async def answering(
    status: int, body: bytes = b"", *, tls: ssl.SSLContext | None = None, **headers: str
) -> AsyncIterator[int]:
    """Answer every request like this, and give the port of 127.0.0.1; `content_type` is the header Content-Type."""
    lines = [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", "Connection: close", *lines])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await reader.readexactly(1) == TLS_RECORD:
                return
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"{head}\r\n\r\n".encode() + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            # A caller that only tries to connect.
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
