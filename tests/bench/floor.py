"""The floor: the least that any coordinator must do for an upload, without deciding, checking or protecting anything.

A bare Starlette route reads the body, cuts the same frame in a process pool, sends it over a bare WebSocket to an echo
that answers a few bytes, and answers. `python -m tests.bench.floor route PORT ECHO_PORT` and `… echo PORT` are its two
processes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from coordinator.media.cutter.upload import cut_upload, prepare
from coordinator.media.limits import Limits
from coordinator.media.looks import Views
from coordinator.media.pipe import Request as CutRequest
from coordinator.media.sniff import sniff

FRAME_SIZE = 224
PROCESSES = 2


def cut(body: bytes) -> bytes:
    """Cut the centre look of a still, as the limited process does."""
    kind = sniff(body)
    assert kind is not None
    request = CutRequest(kind, Views.CENTRE, FRAME_SIZE, len(body), budget_s=4.0)
    return next(pixels for _, pixels in cut_upload(body, request, Limits()) if pixels)


class Line:
    """One WebSocket; answers come back in the order of the frames."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self._waiting: asyncio.Queue[asyncio.Future[bytes]] = asyncio.Queue()

    async def ask(self, frame: bytes) -> bytes:
        """Send a frame and wait for its answer."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(answer)
        await self._websocket.send(frame)
        return await answer

    async def read(self) -> None:
        """Hand out answers until cancelled."""
        async for message in self._websocket:
            assert isinstance(message, bytes)
            self._waiting.get_nowait().set_result(message)


def route(port: int, echo_port: int) -> None:
    """Run the bare route."""
    pool = ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"), initializer=prepare, initargs=(Limits(),))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Line]]:
        async with connect(f"ws://127.0.0.1:{echo_port}", compression=None) as websocket:
            line = Line(websocket)
            reading = asyncio.create_task(line.read())
            yield {"line": line}
            reading.cancel()
            # Here and not at exit: uvicorn ends the process by the signal that it got, and the pool would stay.
            pool.shutdown()

    async def scan(request: Request) -> Response:
        chunks = [chunk async for chunk in request.stream()]
        frame = await asyncio.get_running_loop().run_in_executor(pool, cut, b"".join(chunks))
        line: Line = request.state.line
        return JSONResponse({"answer": len(await line.ask(frame))})

    app = Starlette(routes=[Route("/", scan, methods=["POST"])], lifespan=lifespan)
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="asyncio", http="httptools", access_log=False, log_level="warning"
    )


async def echo(port: int) -> None:
    """Run the echo."""

    async def answer(websocket: ServerConnection) -> None:
        async for message in websocket:
            await websocket.send(message[:4])

    async with serve(answer, "127.0.0.1", port, compression=None):
        await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        asyncio.run(echo(int(sys.argv[2])))
    else:
        route(int(sys.argv[2]), int(sys.argv[3]))
