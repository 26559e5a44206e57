"""Whole messages over one connection. This and `dialler` are the only files that know the WebSocket library."""

from __future__ import annotations

from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from scanner.errors import ChannelClosedError
from shared.close_codes import cut_reason


class Channel(Protocol):
    """Messages both ways. `recv` and `send` raise ChannelClosedError when the connection is gone."""

    async def recv(self) -> bytes | str:
        """Wait for the next message; text is a str."""

    async def send(self, data: bytes) -> None:
        """Send one binary message; wait while the peer does not read."""

    async def close(self, code: int, reason: str) -> None:
        """Say why and close, within CLOSE_TIMEOUT_S of `dialler`. Does nothing when it is closed already."""


class WebSocketChannel:
    """A channel over a WebSocket."""

    def __init__(self, websocket: ClientConnection) -> None:
        """Take an open connection."""
        self.websocket = websocket

    @property
    def date(self) -> str:
        """The time on the peer's clock when it opened, as HTTP writes it; empty if it does not say."""
        response = self.websocket.response
        return "" if response is None else response.headers.get("Date", "")

    async def recv(self) -> bytes | str:
        """Wait for the next message."""
        try:
            return await self.websocket.recv()
        except ConnectionClosed as error:
            raise _translated(error) from error

    async def send(self, data: bytes) -> None:
        """Send one binary message."""
        try:
            await self.websocket.send(data)
        except ConnectionClosed as error:
            raise _translated(error) from error

    async def close(self, code: int, reason: str) -> None:
        """Say why and close."""
        await self.websocket.close(code, cut_reason(reason))


def _translated(error: ConnectionClosed) -> ChannelClosedError:
    return ChannelClosedError(None if error.rcvd is None else error.rcvd.code)
