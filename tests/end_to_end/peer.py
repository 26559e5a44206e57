"""A scanner that does what the test says, message by message."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from shared.limits import SUBPROTOCOL
from shared.messages import Cancel, Frame, FromScanner, Hello, Ready, Received, Result, Scan, ServedModel, Welcome
from shared.wire import encode, scanner_decoder
from tests.end_to_end.processes import Coordinator

WAIT_S = 15.0
"""Time for what must come to come, on a machine that is busy."""

FRAME_SIZE = 224
FRAME_BYTES = FRAME_SIZE * FRAME_SIZE * 3

NULL = ServedModel("null", "0", FRAME_SIZE)

_numbers = itertools.count(1)


@dataclass
class Held:
    """A scan that has arrived with all its frames."""

    scan: Scan
    frames: list[bytes] = field(default_factory=list, repr=False)
    at_s: float = 0.0
    """When its announcement came, by `time.monotonic`."""

    @property
    def is_whole(self) -> bool:
        """Say whether all frames are there."""
        return len(self.frames) == self.scan.frames

    def scores(self) -> list[float]:
        """Return what the null model would give for each frame."""
        return [0.1 + 0.2 * sum(frame[:3]) / 3 / 255 for frame in self.frames]


Answers: TypeAlias = Callable[[Held], Sequence[float]]


def result(held: Held, scores: Sequence[float] | None = None, *, terms: int = 1) -> Result:
    """Make the result of a scan: the scores of the null model, or these, one a frame and term."""
    values = array("f", held.scores() if scores is None else scores)
    return Result(
        scan_id=held.scan.scan_id,
        attempt=held.scan.attempt,
        frames=held.scan.frames,
        terms=terms,
        scores=values.tobytes(),
        receive_ms=0.0,
        queue_ms=0.0,
        infer_ms=0.0,
    )


class Peer:
    """One connection of a scanner. It answers nothing by itself.

    `async with Peer(c, "one") as peer:` connects, says hello and ready, and waits until it may be pushed to.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        name: str,
        *,
        token: str | None = None,
        capacity: int = 8,
        url: str = "",
        says_received: bool = True,
        model: ServedModel = NULL,
        terms: int = 1,
        examined: Answers | None = None,
        spot_checked: Answers | None = None,
    ) -> None:
        """Take whom to serve, a token, the frames that may be in flight, and another way there.

        Without a token it gets a new one, and a number after its name, so that tests can share a coordinator.
        `examined` and `spot_checked` make its scores for references and spot checks, which it answers by itself: one a
        frame, the same for all `terms`; right ones if not given.
        """
        self.name = f"{name}-{next(_numbers)}" if token is None else name
        self.token = coordinator.new_scanner(self.name) if token is None else token
        self.capacity = capacity
        self.cancelled: list[str] = []
        self.frames_in_flight = 0
        self.most_in_flight = 0
        self.spot_checks = 0
        self._model = model
        self._terms = terms
        self._answers = {"r": examined or Held.scores, "c": spot_checked or Held.scores}
        self._coordinator = coordinator
        self._url = url or coordinator.ws_url
        self._says_received = says_received
        self._decoder = scanner_decoder()
        self._open: dict[str, Held] = {}
        self._arrived: asyncio.Queue[Held] = asyncio.Queue()
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self.welcome: asyncio.Future[Welcome] | None = None

    @property
    def socket(self) -> ClientConnection:
        """The connection."""
        assert self._socket is not None
        return self._socket

    async def __aenter__(self) -> Self:
        before = self._coordinator.log
        await self.connect()
        await self.introduce()
        await self.send(Ready())
        await self._coordinator.scanner_ready(self.name, after=before)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    async def connect(self) -> None:
        """Open the connection, and read what comes."""
        self._socket = await connect(
            self._url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {self.token}"},
            compression=None,
            proxy=None,
            close_timeout=1.0,
        )
        self.welcome = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read())

    async def introduce(self) -> Welcome:
        """Say hello; return the answer."""
        await self.send(Hello("peer 0", self.name, "none", "none", (self._model,), self.capacity))
        assert self.welcome is not None
        async with asyncio.timeout(WAIT_S):
            return await self.welcome

    async def send(self, message: FromScanner | bytes | str) -> None:
        """Send a message of the protocol, or any other."""
        await self.socket.send(message if isinstance(message, bytes | str) else encode(message))

    async def next_scan(self) -> Held:
        """Wait for the next scan with all its frames."""
        async with asyncio.timeout(WAIT_S):
            return await self._arrived.get()

    async def answer(self, held: Held, scores: Sequence[float] | None = None) -> None:
        """Send the scores of a scan: right ones if not given."""
        if self._open.pop(held.scan.scan_id, None) is not None:
            self.frames_in_flight -= held.scan.frames
        scores = held.scores() if scores is None else scores
        await self.send(result(held, [score for score in scores for _ in range(self._terms)], terms=self._terms))

    async def serve(self, seconds_per_frame: float = 0.0) -> int:
        """Answer one scan after another, in the order in which they came, until cancelled or cut off."""
        answered = 0
        with contextlib.suppress(ConnectionClosed, asyncio.CancelledError):
            while True:
                held = await self._arrived.get()
                if held.scan.scan_id in self._open:
                    await asyncio.sleep(seconds_per_frame * held.scan.frames)
                    await self.answer(held)
                    answered += 1
        return answered

    async def closed(self) -> tuple[int, str]:
        """Wait until the coordinator has closed the connection; return its code and reason."""
        async with asyncio.timeout(WAIT_S):
            await self.socket.wait_closed()
        return self.socket.close_code or 0, self.socket.close_reason or ""

    def reset(self) -> float:
        """End the connection by a TCP reset, as a crash of the machine's network would; return the time of it."""
        transport = self.socket.transport
        handle = transport.get_extra_info("socket")
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        at_s = time.monotonic()
        transport.abort()
        return at_s

    async def leave(self) -> None:
        """Close the connection, whatever state it is in."""
        if self._socket is not None:
            await self._socket.close()
        if self._reading is not None:
            await self._reading

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in self.socket:
                assert isinstance(data, bytes)
                await self._take(data)

    async def _take(self, data: bytes) -> None:
        match self._decoder.decode(data):
            case Welcome() as welcome:
                assert self.welcome is not None
                self.welcome.set_result(welcome)
            case Scan() as scan:
                self._open[scan.scan_id] = Held(scan, at_s=time.monotonic())
                self.frames_in_flight += scan.frames
                self.most_in_flight = max(self.most_in_flight, self.frames_in_flight)
            case Frame() as frame:
                held = self._open.get(frame.scan_id)
                if held is not None:
                    held.frames.append(frame.pixels)
                    if held.is_whole:
                        await self._arrive(held)
            case Cancel() as cancel:
                self.cancelled.append(cancel.scan_id)
                dropped = self._open.pop(cancel.scan_id, None)
                if dropped is not None:
                    self.frames_in_flight -= dropped.scan.frames

    async def _arrive(self, held: Held) -> None:
        if self._says_received:
            await self.send(Received(held.scan.scan_id, held.scan.attempt))
        answers = self._answers.get(held.scan.scan_id[0])
        if answers is None:
            await self._arrived.put(held)
            return
        self.spot_checks += held.scan.scan_id.startswith("c")
        await self.answer(held, answers(held))
