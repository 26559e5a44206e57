"""A real WebSocket server that stands in for the coordinator; a script of the test says what it does."""

from __future__ import annotations

import asyncio
import http
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from shared.limits import SUBPROTOCOL
from shared.messages import FromCoordinator, FromScanner, Hello, Ready, Welcome
from shared.wire import coordinator_decoder, encode

TOKEN = "the-token"


class Peer:
    """One connection of a scanner."""

    def __init__(self, websocket: ServerConnection) -> None:
        self.websocket = websocket
        self._decoder = coordinator_decoder()

    async def hear(self) -> FromScanner:
        """Wait for the next message."""
        data = await self.websocket.recv()
        assert isinstance(data, bytes)
        return self._decoder.decode(data)

    async def hear_until(self, kind: type[FromScanner]) -> FromScanner:
        """Wait for a message of this kind, and ignore what comes before."""
        while not isinstance(message := await self.hear(), kind):
            pass
        return message

    async def say(self, *messages: FromCoordinator) -> None:
        """Send messages."""
        for message in messages:
            await self.websocket.send(encode(message))

    async def open(self, *, terms: tuple[str, ...] = ("one", "two")) -> Hello:
        """Do the opening until the scanner is ready, for whatever model it has."""
        hello = await self.hear()
        assert isinstance(hello, Hello)
        await self.say(Welcome("s1", 1, 16, 2**20, hello.models[0].name, terms))
        await self.hear_until(Ready)
        return hello


Script: TypeAlias = Callable[[Peer], Awaitable[None]]


@dataclass
class CoordinatorDouble:
    """Where it listens, and what came."""

    port: int
    requests: list[Request] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Address for the scanner's settings."""
        return f"ws://127.0.0.1:{self.port}"


def refusal(status: http.HTTPStatus, body: object, *, headers: dict[str, str] | None = None) -> Response:
    """Make an HTTP answer to a handshake."""
    data = json.dumps(body).encode()
    fields = Headers({"Content-Length": str(len(data)), "Connection": "close", **(headers or {})})
    return Response(status.value, status.phrase, fields, data)


TOKEN_REFUSED = refusal(http.HTTPStatus.UNAUTHORIZED, {"error": "unknown token", "fediward": "token-refused"})


async def live_for_ever(peer: Peer) -> None:
    """Open, and answer nothing until the scanner leaves."""
    await peer.open()
    await peer.websocket.wait_closed()


@asynccontextmanager
async def coordinator(
    *scripts: Script,
    answers: tuple[Response | None, ...] = (),
    port: int = 0,
    subprotocols: tuple[str, ...] = (SUBPROTOCOL,),
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[CoordinatorDouble]:
    """Listen on loopback.

    The n-th handshake gets the n-th answer, or is accepted for None; the n-th connection follows the n-th script, and
    the last script goes for all that come later. What a script asserts is raised at the end.
    """
    waiting_scripts, waiting_answers = list(scripts), list(answers)
    made = CoordinatorDouble(port)

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        made.requests.append(request)
        return waiting_answers.pop(0) if waiting_answers else None

    async def follow(websocket: ServerConnection) -> None:
        script = waiting_scripts.pop(0) if len(waiting_scripts) > 1 else waiting_scripts[0]
        try:
            await script(Peer(websocket))
        except (AssertionError, ConnectionClosed) as fault:
            made.faults.append(fault)

    async with serve(
        follow,
        "127.0.0.1",
        port,
        process_request=answer,
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        compression=None,
        ssl=tls,
        close_timeout=1,
    ) as server:
        made.port = next(iter(server.sockets)).getsockname()[1]
        async with asyncio.timeout(60):
            yield made
    for fault in made.faults:
        raise fault
