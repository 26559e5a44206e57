"""The connection to the coordinator: made, kept, and made again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tenacity.wait import WaitBaseT

from scanner.backoff import FULL_JITTER, OutageLog, at_once, retrying
from scanner.channel import Channel
from scanner.errors import ChannelClosedError, DismissedError, DroppedError, LinkError, TokenRefusedError
from shared.close_codes import CloseCode
from shared.errors import ConfigurationError, ProtocolError

logger = logging.getLogger(__name__)

HEALTHY_AFTER_S = 5.0
"""A connection that has lived this long after its welcome is healthy: when it drops, the next attempt comes at once."""


class Life(Protocol):
    """What the link asks of a session."""

    @property
    def welcomed_s(self) -> float | None:
        """When the coordinator said welcome, by the monotonic clock."""

    async def run(self) -> None:
        """Live until drained. Raises ChannelClosedError and ProtocolError."""

    def drain(self) -> None:
        """Let `run` finish what is in flight and return."""


class Link:
    """Keep one connection to the coordinator, and give each new one to a fresh session."""

    def __init__(
        self,
        dial: Callable[[], Awaitable[Channel]],
        open_session: Callable[[Channel], Life],
        *,
        wait: WaitBaseT = FULL_JITTER,
        healthy_after_s: float = HEALTHY_AFTER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what makes one attempt to connect, and what makes a session of a connection."""
        self._dial = dial
        self._open_session = open_session
        self._wait = wait
        self._healthy_after_s = healthy_after_s
        self._clock = clock
        self._outage = OutageLog(clock=clock)
        self._session: Life | None = None

    def __repr__(self) -> str:
        return f"<Link {'connected' if self._session else 'not connected'}>"

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set and what is in flight is finished, or the coordinator says that all is done.

        Raises TokenRefusedError and DismissedError when connecting again is of no use, and ConfigurationError when the
        address turns out to be beyond what may be reached without TLS.
        """
        faults: list[Exception] = []
        try:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(self._serve(stopping))
                stop = group.create_task(stopping.wait())
                ends: set[asyncio.Task[Any]] = {serving, stop}
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                stop.cancel()
                if self._session is None:
                    serving.cancel()
                else:
                    self._session.drain()
        except* (LinkError, ConfigurationError) as found:
            faults.extend(found.exceptions)
        for fault in faults:
            raise fault

    async def _serve(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            done: bool = await retrying(self._outage, stopping, wait=self._wait)(self._attempt)
            if done:
                return
            await asyncio.sleep(at_once())

    async def _attempt(self) -> bool:
        """Connect and live. Give True when all is done, False when a healthy connection has dropped."""
        channel = await self._dial()
        self._session = session = self._open_session(channel)
        code, reason = CloseCode.DONE, "the scanner stops"
        try:
            await session.run()
            return True
        except ChannelClosedError as closed:
            return self._judge(closed, session)
        except ProtocolError as error:
            code, reason = error.close_code, str(error)
            logger.error("the coordinator broke the protocol: %s", error)
            raise DroppedError(reason) from error
        finally:
            self._session = None
            await channel.close(code, reason)

    def _judge(self, closed: ChannelClosedError, session: Life) -> bool:
        """Say what the end of a connection means for the next one."""
        if closed.code == CloseCode.DONE:
            return True
        if closed.code == CloseCode.REVOKED:
            raise TokenRefusedError(revoked=True) from closed
        if closed.code == CloseCode.SUPERSEDED:
            raise DismissedError(CloseCode.SUPERSEDED) from closed
        lived_s = 0.0 if session.welcomed_s is None else self._clock() - session.welcomed_s
        if lived_s < self._healthy_after_s:
            raise DroppedError(str(closed)) from closed
        self._outage.end()
        logger.info("connection ended after %.0f s: %s", lived_s, closed)
        return False
