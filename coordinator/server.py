"""Two listeners in one event loop, and an orderly stop: the only file that knows uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator

import uvicorn
from starlette.applications import Starlette

from coordinator.settings import parse_bind
from shared.errors import ConfigurationError
from shared.limits import MAX_MESSAGE_BYTES, PING_INTERVAL_S, PING_TIMEOUT_S

logger = logging.getLogger(__name__)

USER_TIMEOUT_MS = 8_000
"""Data that a peer's kernel does not take for so long ends its connection. uvicorn's own keep-alive does not notice a
peer that stopped reading while data is queued to it (research/reliability.md, section 0)."""

KEEP_ALIVE_S = 100
"""An idle connection is kept for longer than pict-rs uses one again (reqwest: 90 s): an upload that it sends while we
hang up would fail."""

BACKLOG = 2048
CLOSE_S = 5
TICK_S = 1.0


def listen(variable: str, bind: str) -> socket.socket:
    """Open a listening socket; raise ConfigurationError naming the variable when that is impossible."""
    host, port = parse_bind(bind)
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # create_server closes the socket again when the address cannot be had.
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise ConfigurationError(f"{variable}: cannot listen on {bind}: {reason}.") from error
    # asyncio sets this only on sockets that name their protocol, which create_server's do not.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    listener.setblocking(False)
    return listener


def _is_no_denial(record: logging.LogRecord) -> bool:
    """Say whether a log line is anything but uvicorn's complaint about a handshake that was refused as it should be."""
    return "without completing handshake" not in record.getMessage()


class Listener(uvicorn.Server):
    """Serve one application on one socket until told to stop."""

    def __init__(self, app: Starlette, listening: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                # The access log would hold callers' secrets: they stand in URLs.
                access_log=False,
                log_config=None,
                log_level="warning",
                lifespan="off",
                # Whether forwarded headers count is decided in web/addresses.
                proxy_headers=False,
                server_header=False,
                http="httptools",
                ws="websockets-sansio",
                ws_max_size=MAX_MESSAGE_BYTES,
                ws_ping_interval=PING_INTERVAL_S,
                ws_ping_timeout=PING_TIMEOUT_S,
                ws_per_message_deflate=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=CLOSE_S,
            )
        )
        self._listening = listening
        self._stopping = asyncio.Event()
        # After websocket.http.response uvicorn 0.54 logs an error, though the refusal was sent and is complete.
        logging.getLogger("uvicorn.error").addFilter(_is_no_denial)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone: uploads are drained first, and uvicorn would cut the scanners' connections at once."""
        yield

    async def run_until_stopped(self) -> None:
        """Serve until `stop`."""
        await self.serve(sockets=[self._listening])

    def stop(self) -> None:
        """Close the socket and every connection; `run_until_stopped` returns soon after."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Wake once a second, for the Date header, instead of uvicorn's ten times: two listeners would never rest."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._stopping.wait()
