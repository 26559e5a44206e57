"""One scanner's connection, from hello to its end: a reader and a writer in one task group."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import NoReturn

from starlette.websockets import WebSocket, WebSocketDisconnect

from coordinator.credentials import ScannerToken
from coordinator.dispatch import events as ev
from coordinator.hub import Hub
from coordinator.judge.policy import Policy
from coordinator.judge.scores import Scores, ScoresError
from coordinator.status.roster import Roster
from coordinator.web.outbox import Outbox
from shared import limits
from shared.close_codes import CloseCode
from shared.errors import MalformedMessageError, ProtocolError, UnexpectedMessageError
from shared.messages import (
    Cancel,
    Drain,
    Failure,
    Frame,
    FromScanner,
    Goodbye,
    Hello,
    Lane,
    Load,
    Progress,
    Ready,
    Received,
    Result,
    Scan,
    Welcome,
)
from shared.wire import Decoder, encode

logger = logging.getLogger(__name__)

SEND_STALL_S = 5.0
"""One message, at most 768 KiB, must be taken over by the line within this time; a peer that stopped reading is gone,
and what was on its way to it forgotten, within 10 s (issue "Dispatch, proven")."""

CLOSE_S = 2.0


class _EndError(Exception):
    """The connection is to be closed, with a code and a reason for the log."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(code, reason)


class ScannerSession:
    """Serve one accepted connection. The hub pushes through it; `run` returns when it has ended."""

    def __init__(
        self,
        websocket: WebSocket,
        token: ScannerToken,
        *,
        hub: Hub,
        policy: Policy,
        decoder: Decoder[FromScanner],
        roster: Roster,
    ) -> None:
        self.token = token
        self._websocket = websocket
        self._hub = hub
        self._policy = policy
        self._decoder = decoder
        self._roster = roster
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox()
        self._ending: asyncio.Future[_EndError] = asyncio.get_running_loop().create_future()
        self._generation = 0
        self._problem = ""
        self._weights = ""
        self._pause = ""
        self._pushed: dict[str, tuple[int, int, float]] = {}
        """Attempt, number of frames and time of the push by scan: what a result of this connection may be about."""

    @property
    def was_greeted(self) -> bool:
        """Say whether its hello was understood."""
        return self._generation != 0

    async def run(self) -> None:
        """Serve until either side ends the connection; then leave the hub, whatever happened."""
        end: _EndError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read())
                group.create_task(self._write())
                group.create_task(self._await_end())
        except* _EndError as raised:
            end = next(error for error in raised.exceptions if isinstance(error, _EndError))
        except* WebSocketDisconnect:
            pass
        finally:
            if self._generation:
                why = end.reason if end else "connection lost"
                now_s = self._loop.time()
                self._roster.leave(self.token.name, self._generation, why, len(self._pushed), now_s)
                self._hub.leave(self._generation)
            # Not left to the garbage collector: the error that ended the connection holds this session in a cycle.
            self._outbox.clear()
            logger.info("scanner %s left: %s", self.token.name, end.reason if end else "connection lost")
        if end is not None:
            await self._close(end)

    # What the hub, and the socket's owner, ask for

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        """Queue a scan and its frames."""
        self._pushed[push.scan] = (push.attempt, push.frames, self._loop.time())
        scan = Scan(push.scan, push.attempt, max(push.left_s, 0.0) * 1e3, lane, push.frames, frame_size)
        self._outbox.put(scan, *(Frame(push.scan, index, pixels) for index, pixels in enumerate(frames)))

    def cancel(self, scan: str) -> None:
        """Drop what is not sent yet of a scan, and tell the scanner if it has heard of it."""
        self._pushed.pop(scan, None)
        if not self._outbox.drop(scan):
            self._outbox.put(Cancel(scan))

    def fence(self) -> None:
        """Close: a newer connection of the same scanner took its place."""
        self.end(CloseCode.SUPERSEDED, "a newer connection with the same token took its place")

    def end(self, code: CloseCode, reason: str) -> None:
        """Close the connection with a code."""
        if not self._ending.done():
            self._ending.set_result(_EndError(code, reason))

    # The three tasks

    async def _read(self) -> NoReturn:
        try:
            await self._greet()
            while True:
                self._take(await self._receive())
        except ProtocolError as error:
            logger.warning("scanner %s broke the protocol: %s", self.token.name, error)
            raise _EndError(error.close_code, str(error)) from error

    async def _write(self) -> NoReturn:
        while True:
            message = await self._outbox.get()
            try:
                async with asyncio.timeout(SEND_STALL_S):
                    await self._websocket.send_bytes(encode(message))
            except TimeoutError as error:
                raise _EndError(CloseCode.STALLED, f"took nothing for {SEND_STALL_S:.0f} s") from error

    async def _await_end(self) -> NoReturn:
        raise await self._ending

    async def _close(self, end: _EndError) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._websocket.close(end.code, end.reason[:100])
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            logger.debug("scanner %s was gone before it was closed", self.token.name)

    # What the scanner says

    async def _receive(self) -> FromScanner:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        data = message.get("bytes")
        if data is None:
            raise MalformedMessageError("message", "text where only binary messages are allowed")
        self._roster.sign(self.token.name, self._loop.time())
        return self._decoder.decode(data)

    async def _greet(self) -> None:
        try:
            async with asyncio.timeout(limits.HELLO_TIMEOUT_S):
                hello = await self._receive()
        except TimeoutError as error:
            raise _EndError(CloseCode.HELLO_TIMEOUT, "said no hello") from error
        if not isinstance(hello, Hello):
            raise UnexpectedMessageError(hello.TYPE, "before hello")
        self._problem = self._problem_of(hello)
        self._weights = next((model.fingerprint for model in hello.models if model.name == self._policy.model), "")
        self._generation = self._hub.join(self.token.name, hello.capacity, self)
        self._roster.greet(self.token.name, self._generation, hello, self._problem, self._loop.time())
        self._outbox.put(
            Welcome(
                scanner_id=self.token.name,
                generation=self._generation,
                max_frames=limits.MAX_FRAMES,
                max_message_bytes=limits.MAX_MESSAGE_BYTES,
                model=self._policy.model,
                terms=self._policy.terms,
                problem=self._problem,
            )
        )
        logger.info(
            "scanner %s connected: %s, version %s, device %s (asked for %s), capacity %d%s",
            self.token.name,
            hello.name,
            hello.software,
            hello.device,
            hello.device_asked,
            hello.capacity,
            f"; gets nothing: {self._problem}" if self._problem else "",
        )

    def _problem_of(self, hello: Hello) -> str:
        """Say why a scanner cannot serve; empty when it can."""
        model = next((model for model in hello.models if model.name == self._policy.model), None)
        if model is None:
            names = ", ".join(model.name for model in hello.models) or "none"
            return f"the coordinator needs model {self._policy.model}; this scanner has {names}"[:400]
        if model.frame_size != self._policy.frame_size:
            return f"frames are {self._policy.frame_size} px; this scanner's model takes {model.frame_size} px"
        return ""

    def _take(self, message: FromScanner) -> None:
        generation = self._generation
        match message:
            case Ready():
                if self._problem:
                    raise UnexpectedMessageError("ready", "from a scanner that cannot serve")
                self._hub.weights = self._weights
                self._hub.handle(ev.ScannerReady(generation))
                logger.info("scanner %s is ready", self.token.name)
            case Received():
                self._hub.note_received(generation, message.scan_id, message.attempt)
            case Progress():
                self._hub.handle(ev.FramesDone(generation, message.scan_id, message.attempt, message.done))
            case Result():
                self._take_result(message)
            case Failure():
                logger.warning("scanner %s failed on a scan: %s: %s", self.token.name, message.kind, message.text)
                self._pushed.pop(message.scan_id, None)
                self._roster.fault(self.token.name, str(message.kind))
                self._hub.handle(ev.PushFailed(generation, message.scan_id, message.attempt, message.kind))
            case Load():
                capacity = 0 if message.paused else message.capacity
                self._roster.load(self.token.name, message)
                self._hub.handle(ev.LoadChanged(generation, capacity, message.frames_per_s))
                self._tell_pause(message)
            case Drain():
                self._hub.handle(ev.ScannerDraining(generation))
                # What was pushed before this answer arrives before it: then the scanner knows what it has to finish.
                self._outbox.put(Drain("understood"))
            case Goodbye():
                raise _EndError(CloseCode.DONE, f"goodbye: {message.reason}")
            case Hello():
                raise UnexpectedMessageError("hello", "a second time")

    def _tell_pause(self, load: Load) -> None:
        pause = (load.reason or "no reason given") if load.paused else ""
        if pause and pause != self._pause:
            logger.info("scanner %s takes no new scans: %s", self.token.name, pause)
        elif self._pause and not pause:
            logger.info("scanner %s takes new scans again", self.token.name)
        self._pause = pause

    def _take_result(self, result: Result) -> None:
        """Check scores and pass them on. A result of a scan or attempt that is not open here changes nothing."""
        attempt, frames, pushed_s = self._pushed.get(result.scan_id, (0, 0, 0.0))
        if result.attempt != attempt:
            logger.info("scanner %s sent a result that nobody waits for", self.token.name)
            return
        shape = (frames, len(self._policy.terms))
        if (result.frames, result.terms) != shape:
            raise MalformedMessageError("result", f"shape {(result.frames, result.terms)}, not {shape}")
        try:
            scores = Scores.parse(result.scores, frames=result.frames, terms=result.terms, weights=self._weights)
        except ScoresError as error:
            raise MalformedMessageError("result", str(error)) from error
        del self._pushed[result.scan_id]
        self._roster.result(self.token.name, result, pushed_s, self._loop.time())
        self._hub.note_result(self._generation, result.scan_id, result.attempt, scores)
