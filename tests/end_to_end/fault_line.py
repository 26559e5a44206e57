"""One connection through the fault proxy: two sockets, and bytes from each to the other."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque

from tests.end_to_end.toxics import Toxics

READ_BYTES = 16 * 1024
BUFFER_BYTES = 256 * 1024
"""On their way in one direction, beside what the kernels hold: a home router's."""


class LineResetError(Exception):
    """The line is to be reset on both sides."""


class LineClosedError(Exception):
    """The line is to be closed on both sides."""


class Direction:
    """Pass bytes from one socket to another, with the faults that are set at that moment."""

    def __init__(self, source: socket.socket, sink: socket.socket, toxics: Toxics) -> None:
        self._source = source
        self._sink = sink
        self._toxics = toxics
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._passed_bytes = 0
        self._has_lost = False
        self._free_s = 0.0
        self._changed = asyncio.Event()

    async def read(self) -> None:
        """Take bytes as long as there is room for them; an empty piece is the end."""
        while True:
            while self._held_bytes >= BUFFER_BYTES:
                await self._change()
            await self._toxics.window_open()
            data = await self._loop.sock_recv(self._source, READ_BYTES)
            wait_s = self._toxics.latency_s if data else max(self._toxics.latency_s, self._toxics.slow_close_s)
            self._pieces.append((self._loop.time() + wait_s, data))
            self._held_bytes += len(data)
            self._changed.set()
            if not data:
                return

    async def write(self) -> None:
        """Pass on, lose, delay and cut up what was taken. Raises LineResetError and LineClosedError."""
        while True:
            while not self._pieces:
                await self._change()
            due_s, data = self._pieces.popleft()
            await asyncio.sleep(due_s - self._loop.time())
            if not data:
                self._sink.shutdown(socket.SHUT_WR)
                return
            await self._pass(data)
            self._held_bytes -= len(data)
            self._changed.set()

    async def _pass(self, data: bytes) -> None:
        toxics = self._toxics
        if toxics.blackhole:
            self._has_lost = True
            return
        if self._has_lost:
            raise LineResetError
        size = toxics.slice_bytes or len(data)
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            if toxics.limit_bytes and self._passed_bytes + len(piece) > toxics.limit_bytes:
                await self._loop.sock_sendall(self._sink, piece[: toxics.limit_bytes - self._passed_bytes])
                raise LineClosedError
            if toxics.bytes_per_s:
                self._free_s = max(self._free_s, self._loop.time()) + len(piece) / toxics.bytes_per_s
                await asyncio.sleep(self._free_s - self._loop.time())
            await self._loop.sock_sendall(self._sink, piece)
            self._passed_bytes += len(piece)
            toxics.passed_bytes += len(piece)
            if toxics.slice_bytes:
                await asyncio.sleep(toxics.slice_delay_s)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class Line:
    """A connection of a client, and the one that was made for it."""

    def __init__(self, client: socket.socket, server: socket.socket, up: Toxics, down: Toxics) -> None:
        self._client = client
        self._server = server
        self._directions = (Direction(client, server, up), Direction(server, client, down))
        self._is_half_open = False
        self._running = asyncio.create_task(self._run())

    async def ended(self) -> None:
        """Wait until both sides are closed."""
        await asyncio.wait({self._running})

    def reset(self) -> None:
        """Reset both sides."""
        self._running.cancel()

    def half_open(self) -> None:
        """Reset the client's side only; the server's looks alive, and nothing comes from it or is taken by it."""
        self._is_half_open = True
        self._running.cancel()

    def forget(self) -> None:
        """Reset what is left of a half-open line."""
        _reset(self._server)

    async def _run(self) -> None:
        is_hard = True
        try:
            async with asyncio.TaskGroup() as group:
                for direction in self._directions:
                    group.create_task(direction.read())
                    group.create_task(direction.write())
            is_hard = False
        except* LineClosedError:
            is_hard = False
        except* (LineResetError, OSError):
            pass
        finally:
            for end in (self._client,) if self._is_half_open else (self._client, self._server):
                if is_hard:
                    _reset(end)
                else:
                    end.close()


def _reset(end: socket.socket) -> None:
    if end.fileno() >= 0:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
