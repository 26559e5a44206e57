"""A TCP proxy in user space that does to a line what networks do to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from types import TracebackType
from typing import Self

from shared.limits import SCANNERS_PATH
from tests.end_to_end.fault_line import Line
from tests.end_to_end.ports import free_port
from tests.end_to_end.toxics import Toxics

WINDOW_BYTES = 64 * 1024
"""Asked of the kernel for what it takes in before the proxy reads it: small, so that a window closes soon."""


class FaultProxy:
    """Listen on a port of 127.0.0.1 and connect whoever comes with another port of it.

    `up` are the faults of what clients send, `down` of what they receive; both may be changed at any time. `reset`,
    `half_open`, `cut` and `mend` act on connections. Use as an asynchronous context manager.
    """

    def __init__(self, *, port: int) -> None:
        """Take the port to connect with."""
        self.port = free_port()
        self.up = Toxics()
        self.down = Toxics()
        self.accepted = 0
        """Connections that clients have made so far."""
        self._target = port
        self._lines: set[Line] = set()
        self._half_open: list[Line] = []
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._watching: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<FaultProxy {self.port} to {self._target}, {len(self._lines)} lines>"

    @property
    def ws_url(self) -> str:
        """Where scanners connect to get through to the coordinator."""
        return f"ws://127.0.0.1:{self.port}{SCANNERS_PATH}"

    @property
    def bytes_up(self) -> int:
        """Bytes that have been passed on from clients."""
        return self.up.passed_bytes

    @property
    def bytes_down(self) -> int:
        """Bytes that have been passed on to clients."""
        return self.down.passed_bytes

    @property
    def lines_open(self) -> int:
        """Connections that are there."""
        return len(self._lines)

    def reset(self) -> None:
        """Reset every connection on both sides (Toxiproxy: reset_peer)."""
        for line in self._lines:
            line.reset()

    def half_open(self) -> None:
        """Reset every connection on the client's side only, as when a router loses its table: clients come back while
        their old connections still look alive to the server."""
        self._half_open += self._lines
        for line in self._lines:
            line.half_open()

    async def cut(self) -> None:
        """Reset every connection and refuse new ones, until `mend`. Both together, again and again, are a flap."""
        await self._stop_listening()
        self.reset()

    def mend(self) -> None:
        """Let clients connect again."""
        self._listen()

    def heal(self) -> None:
        """End the faults of both directions."""
        self.up.clear()
        self.down.clear()

    async def __aenter__(self) -> Self:
        self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()
        while self._watching:
            await asyncio.wait(self._watching)
        for line in self._half_open:
            line.forget()

    def _listen(self) -> None:
        assert self._listener is None
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
        self._listener.setblocking(False)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen()
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def _stop_listening(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait({self._accepting})
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(listener)
            self.accepted += 1
            server = socket.socket()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
            server.setblocking(False)
            try:
                await loop.sock_connect(server, ("127.0.0.1", self._target))
            except OSError:
                client.close()
                server.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = Line(client, server, self.up, self.down)
            self._lines.add(line)
            watching = asyncio.create_task(self._watch(line))
            self._watching.add(watching)
            watching.add_done_callback(self._watching.discard)

    async def _watch(self, line: Line) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await line.ended()
        self._lines.discard(line)
