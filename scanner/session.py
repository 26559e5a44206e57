"""One connection's life: hello, welcome, ready, scans in and scores out, goodbye.

scanner                          coordinator
  | hello                            |
  |--------------------------------->|
  |                          welcome |
  |<---------------------------------|
  | (encode the terms, try a frame)  |
  | load, ready                      |
  |--------------------------------->|
  |              scan, frame, frame… |
  |<---------------------------------|
  | received, progress…, result      |
  |--------------------------------->|
  | drain                            |
  |--------------------------------->|
  | (finish what is in flight)       |
  | goodbye                          |
  |--------------------------------->|
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from scanner.channel import Channel
from scanner.engine import Engine
from scanner.errors import ChannelClosedError, HelloTimeoutError, ModelFaultError, StalledError
from scanner.inbox import Inbox
from scanner.manners.pauses import Pauses
from scanner.memory import read_memory
from shared.errors import FediwardError, MalformedMessageError, ProtocolError, UnexpectedMessageError
from shared.limits import HELLO_TIMEOUT_S, LOAD_INTERVAL_S
from shared.messages import (
    Cancel,
    Drain,
    Frame,
    FromCoordinator,
    FromScanner,
    Goodbye,
    Hello,
    Load,
    Ready,
    Scan,
    Welcome,
)
from shared.wire import encode, scanner_decoder

logger = logging.getLogger(__name__)

OUTBOX_SPARE = 64
"""Messages that may wait for a coordinator that does not read, beyond four for each frame in flight."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a session waits for what."""

    hello_timeout_s: float = HELLO_TIMEOUT_S
    """For the welcome."""
    load_interval_s: float = LOAD_INTERVAL_S
    """Between two load messages."""
    drain_timeout_s: float = 10.0
    """For what is in flight, after a drain was asked for: more than any upload may take."""
    drain_answer_timeout_s: float = 0.5
    """For the coordinator's answer to drain, so that nothing that it has pushed meanwhile is lost."""


USUAL_PACE = Pace()


class Session:
    """Serve one connection. Make a new one for each."""

    def __init__(
        self,
        channel: Channel,
        engine: Engine,
        hello: Hello,
        *,
        pauses: Pauses | None = None,
        pace: Pace = USUAL_PACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take an open connection, the running engine, the hello that introduces this scanner, and why it pauses."""
        self.welcomed_s: float | None = None
        self._channel = channel
        self._engine = engine
        self._hello = hello
        self._pauses = pauses or Pauses()
        self._pace = pace
        self._clock = clock
        self._decoder = scanner_decoder()
        self._outbox: asyncio.Queue[FromScanner] = asyncio.Queue(4 * hello.capacity + OUTBOX_SPARE)
        self._inbox = Inbox(engine, self._post, capacity=hello.capacity, clock=clock)
        self._welcome: asyncio.Future[Welcome] = asyncio.get_running_loop().create_future()
        self._load_due = asyncio.Event()
        self._trouble = ""
        self._stalled = asyncio.Event()
        self._drain_asked = asyncio.Event()
        self._drain_answered = asyncio.Event()

    def __repr__(self) -> str:
        state = "draining" if self._drain_asked.is_set() else "open" if self._inbox.open else "preparing"
        return f"<Session {state}, {self._inbox.in_flight} frames in flight>"

    async def run(self) -> None:
        """Live until drained. The caller closes the connection.

        Raises ChannelClosedError when the connection ends, and ProtocolError, with the code to close it with, when the
        coordinator breaks the protocol.
        """
        fault: BaseException | None = None
        self._post(self._hello)
        try:
            async with asyncio.TaskGroup() as group:
                work = (self._read(), self._write(), self._live(), self._notice_stall(), self._follow_pauses())
                tasks = [group.create_task(part) for part in work]
                await self._drain_asked.wait()
                await self._say_goodbye()
                for task in tasks:
                    task.cancel()
        except* (ChannelClosedError, ProtocolError) as faults:
            fault = faults.exceptions[0]
        finally:
            self._inbox.close()
        if fault is not None:
            raise fault

    def drain(self) -> None:
        """Ask for no more, finish what is in flight, and let `run` return."""
        self._drain_asked.set()
        self._load_due.set()

    async def _read(self) -> None:
        while True:
            data = await self._channel.recv()
            if isinstance(data, str):
                raise MalformedMessageError("message", "text instead of bytes")
            self._handle(self._decoder.decode(data))

    async def _write(self) -> None:
        while True:
            message = await self._outbox.get()
            await self._channel.send(encode(message))
            self._outbox.task_done()

    async def _notice_stall(self) -> None:
        await self._stalled.wait()
        raise StalledError

    async def _live(self) -> None:
        try:
            async with asyncio.timeout(self._pace.hello_timeout_s):
                welcome = await self._welcome
        except TimeoutError as error:
            raise HelloTimeoutError from error
        if welcome.problem:
            self._trouble = welcome.problem
        else:
            await self._prepare(welcome)
        # Before ready, so that the first push is chosen by the speed that the trial has shown.
        self._post(self._load())
        if not self._trouble:
            self._inbox.open_for(welcome, frame_size=self._engine.model.frame_size)
            self._post(Ready())
            logger.info("ready: %d terms of model %s", len(welcome.terms), welcome.model)
        await self._report_load()

    async def _follow_pauses(self) -> None:
        while True:
            await self._pauses.changed()
            self._load_due.set()

    async def _prepare(self, welcome: Welcome) -> None:
        try:
            await self._engine.prepare(welcome.terms)
        except ModelFaultError as fault:
            # The admin page shows it; the scanner stays, because other terms may do.
            known = isinstance(fault.error, FediwardError)
            self._trouble = f"cannot prepare the model: {fault.error if known else type(fault.error).__name__}"
            logger.error("cannot prepare the model for %d terms", len(welcome.terms), exc_info=fault.error)

    async def _report_load(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._pace.load_interval_s):
                    await self._load_due.wait()
            except TimeoutError:
                pass
            self._load_due.clear()
            self._post(self._load())

    def _load(self) -> Load:
        memory = read_memory()
        reason = "draining" if self._drain_asked.is_set() else self._trouble or self._pauses.reason
        return Load(
            capacity=self._hello.capacity,
            memory_used_bytes=memory.used_bytes,
            memory_total_bytes=memory.total_bytes,
            frames_per_s=min(self._engine.frames_per_s, 1e6),
            paused=bool(reason),
            reason=reason,
        )

    async def _say_goodbye(self) -> None:
        logger.info("draining: %d frames in flight", self._inbox.in_flight)
        try:
            async with asyncio.timeout(self._pace.drain_timeout_s):
                self._post(Drain(reason="the scanner stops"))
                try:
                    async with asyncio.timeout(self._pace.drain_answer_timeout_s):
                        await self._drain_answered.wait()
                except TimeoutError:
                    logger.debug("the coordinator did not answer drain")
                await self._inbox.wait_until_empty()
                self._post(Goodbye(reason="drained"))
                await self._outbox.join()
        except TimeoutError:
            logger.warning("gave up draining with %d frames in flight", self._inbox.in_flight)

    def _post(self, message: FromScanner) -> None:
        # The engine posts results too, and must not suffer for a connection that is stuck: so this raises nothing.
        if self._outbox.full():
            self._stalled.set()
        else:
            self._outbox.put_nowait(message)

    def _handle(self, message: FromCoordinator) -> None:
        match message:
            case Welcome():
                self._take_welcome(message)
            case Scan():
                self._inbox.announce(message)
            case Frame():
                self._inbox.add(message)
            case Cancel():
                self._inbox.cancel(message)
            case Drain() | Goodbye():
                logger.info("the coordinator says %s: %s", message.TYPE, message.reason or "no reason given")
                self._drain_answered.set()

    def _take_welcome(self, welcome: Welcome) -> None:
        if self._welcome.done():
            raise UnexpectedMessageError(Welcome.TYPE, "a second one")
        if not welcome.problem and welcome.model != self._engine.model.name:
            raise UnexpectedMessageError(Welcome.TYPE, "a model that was not offered")
        self.welcomed_s = self._clock()
        self._welcome.set_result(welcome)
        if welcome.problem:
            logger.warning("connected as %s, but gets no work: %s", welcome.scanner_id, welcome.problem)
        else:
            logger.info("welcomed as %s", welcome.scanner_id)
