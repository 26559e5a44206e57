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
from coordinator.status.roster import Roster
from coordinator.trust.record import Trust
from coordinator.web.ending import EndError
from coordinator.web.examiner import Examiner
from coordinator.web.outbox import Outbox
from coordinator.web.pushed import ConstantScoresError, Pushed
from coordinator.web.trial import Trials
from shared import limits
from shared.close_codes import CloseCode, cut_reason
from shared.errors import MalformedMessageError, ProtocolError, UnexpectedMessageError
from shared.messages import (
    Cancel,
    Drain,
    Failure,
    FailureKind,
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


class ScannerSession:
    """Serve one accepted connection. The hub pushes through it; `run` returns when it has ended."""

    def __init__(
        self,
        websocket: WebSocket,
        token: ScannerToken,
        *,
        hub: Hub,
        trust: Trust,
        policy: Policy,
        decoder: Decoder[FromScanner],
        roster: Roster,
    ) -> None:
        self.token = token
        self._websocket = websocket
        self._hub = hub
        self._trust = trust
        self._policy = policy
        self._decoder = decoder
        self._roster = roster
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox()
        self._ending: asyncio.Future[EndError] = self._loop.create_future()
        self._generation = 0
        self._problem = ""
        self._pause = ""
        self.said_wrong_hello = False
        """What it said first was not understood."""
        self._pushed = Pushed(terms=len(policy.terms))
        self._examiner = Examiner(
            token.name, trust=trust, policy=policy, ask=self._ask, passed=self._become_ready, end=self.end
        )
        self._drained = ""
        """Why the connection ends once nothing is in flight; empty while it goes on."""
        self.trials = Trials(
            self._outbox.put, policy, lambda: hub.machine.scanners.get(self._generation), self._reserve
        )

    @property
    def is_in_fleet(self) -> bool:
        """Say whether the scanner has joined, and neither left nor been replaced since."""
        return self._generation in self._hub.machine.scanners

    async def run(self) -> None:
        """Serve until either side ends the connection; then leave the hub, whatever happened."""
        end: EndError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read())
                group.create_task(self._write())
                group.create_task(self._await_end())
        except* EndError as raised:
            end = next(error for error in raised.exceptions if isinstance(error, EndError))
        except* WebSocketDisconnect:
            pass
        finally:
            why = end.reason if end else "connection lost"
            if self._generation:
                now_s = self._loop.time()
                self._roster.leave(self.token.name, self._generation, why, len(self._pushed), now_s)
                self._hub.leave(self._generation)
                self._trust.leave(self.token.name, self._loop.time())
            self._examiner.close()
            # Not left to the garbage collector: the error that ended the connection holds this session in a cycle.
            self._outbox.clear()
            self.trials.end()
            # Of a connection that said no hello, "left" would be wrong: the scanner may be there by a newer one.
            logger.info("scanner %s %s: %s", self.token.name, "left" if self._generation else "did not join", why)
        if end is not None:
            await self._close(end)

    # What the hub, and the socket's owner, ask for

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        """Queue a scan and its frames."""
        self._pushed.add(push.scan, push.attempt, frames, self._loop.time())
        scan = Scan(push.scan, push.attempt, max(push.left_s, 0.0) * 1e3, lane, push.frames, frame_size)
        self._outbox.put(scan, *(Frame(push.scan, index, pixels) for index, pixels in enumerate(frames)))

    def cancel(self, scan: str) -> None:
        """Drop what is not sent yet of a scan, and tell the scanner if it has heard of it."""
        self._pushed.forget(scan)
        if not self._outbox.drop(scan):
            self._outbox.put(Cancel(scan))
        if self._drained:
            self._end_when_drained()

    def fence(self) -> None:
        """Close: a newer connection of the same scanner took its place."""
        self.end(CloseCode.SUPERSEDED, "a newer connection with the same token took its place")

    def set_aside(self, reason: str) -> None:
        """Close: what the scanner says is not believed any more. When it is back it is told so."""
        self.end(CloseCode.COME_BACK, f"set aside: {reason}")

    def end(self, code: CloseCode, reason: str) -> None:
        """Close the connection with a code."""
        if not self._ending.done():
            self._ending.set_result(EndError(code, reason))

    def drain(self, reason: str) -> None:
        """Push no more, and close the connection for good when nothing is in flight."""
        self._hub.handle(ev.ScannerDraining(self._generation))
        self._drained = reason
        self._outbox.put(Drain(reason))
        self._end_when_drained()

    # The three tasks

    async def _read(self) -> NoReturn:
        try:
            await self._greet()
            while True:
                self._take(await self._receive())
        except ProtocolError as error:
            self.said_wrong_hello = not self._generation
            logger.warning("scanner %s broke the protocol: %s", self.token.name, error)
            raise EndError(error.close_code, str(error)) from error

    async def _write(self) -> NoReturn:
        while True:
            message = await self._outbox.get()
            try:
                async with asyncio.timeout(SEND_STALL_S):
                    await self._websocket.send_bytes(encode(message))
            except TimeoutError as error:
                raise EndError(CloseCode.STALLED, f"took nothing for {SEND_STALL_S:.0f} s") from error

    async def _await_end(self) -> NoReturn:
        raise await self._ending

    async def _close(self, end: EndError) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._websocket.close(end.code, cut_reason(end.reason))
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
            raise EndError(CloseCode.HELLO_TIMEOUT, "said no hello") from error
        if not isinstance(hello, Hello):
            raise UnexpectedMessageError(hello.TYPE, "before hello")
        self._problem = self._examiner.meet(hello)
        self._generation = self._hub.join(self.token.name, hello.capacity, self)
        self._roster.greet(self.token.name, self._generation, hello, self._problem, self._loop.time())
        self._trust.join(self.token.name)
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
            "scanner %s connected: %s, version %s, device %s (asked for %s), weights %s, capacity %d%s",
            self.token.name,
            hello.name,
            hello.software,
            hello.device,
            hello.device_asked,
            self._examiner.weights[:12] or "of no model that serves",
            hello.capacity,
            f"; gets nothing: {self._problem}" if self._problem else "",
        )

    def _take(self, message: FromScanner) -> None:
        if self.trials.takes(message):
            return
        generation = self._generation
        match message:
            case Ready():
                if self._problem:
                    raise UnexpectedMessageError("ready", "from a scanner that cannot serve")
                self._examiner.begin()
            case Received():
                self._hub.note_received(generation, message.scan_id, message.attempt)
            case Progress():
                self._hub.handle(ev.FramesDone(generation, message.scan_id, message.attempt, message.done))
            case Result():
                self._take_result(message)
            case Failure():
                logger.warning("scanner %s failed on a scan: %s: %s", self.token.name, message.kind, message.text)
                self._pushed.forget(message.scan_id)
                self._roster.fault(self.token.name, str(message.kind))
                if message.scan_id == self._examiner.asked:
                    self.end(CloseCode.COME_BACK, f"failed on the reference: {message.kind}")
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
                raise EndError(CloseCode.DONE, f"goodbye: {message.reason}")
            case Hello():
                raise UnexpectedMessageError("hello", "a second time")
        if self._drained:
            self._end_when_drained()

    def _end_when_drained(self) -> None:
        if not self._pushed:
            self.end(CloseCode.DONE, self._drained)

    def _tell_pause(self, load: Load) -> None:
        pause = (load.reason or "no reason given") if load.paused else ""
        if pause and pause != self._pause:
            logger.info("scanner %s takes no new scans: %s", self.token.name, pause)
        elif self._pause and not pause:
            logger.info("scanner %s takes new scans again", self.token.name)
        self._pause = pause

    def _reserve(self, frames: int) -> None:
        self._hub.handle(ev.RoomReserved(self._generation, frames))

    def _ask(self, scan: str, frames: Sequence[bytes], within_s: float) -> None:
        self.push(ev.Push(self._generation, scan, 1, len(frames), within_s), Lane.LIVE, frames, self._policy.frame_size)

    def _become_ready(self) -> None:
        self._hub.note_weights(self.token.name, self._examiner.weights)
        self._hub.handle(ev.ScannerReady(self._generation))
        self._roster.tell(self.token.name, "ready", self._loop.time())
        logger.info("scanner %s is ready", self.token.name)

    def _take_result(self, result: Result) -> None:
        """Check scores and pass them on. A result of a scan or attempt that is not open here changes nothing."""
        pushed_s = self._pushed.pushed_s(result.scan_id)
        try:
            scores = self._pushed.take(result, weights=self._examiner.weights)
        except ConstantScoresError as error:
            self._trust.note_fault(self.token.name)
            self._roster.fault(self.token.name, str(error))
            if result.scan_id == self._examiner.asked:
                self._examiner.fail(str(error))
                return
            logger.warning("scanner %s gave %s", self.token.name, error)
            self._hub.handle(ev.PushFailed(self._generation, result.scan_id, result.attempt, FailureKind.INTERNAL))
            return
        if scores is None:
            logger.info("scanner %s sent a result that nobody waits for", self.token.name)
        elif result.scan_id == self._examiner.asked:
            self._examiner.take(scores.rows)
        else:
            self._roster.result(self.token.name, result, pushed_s, self._loop.time())
            self._hub.note_result(self._generation, result.scan_id, result.attempt, scores)
