"""The asyncio shell around the dispatch machine: it owns the clock, the timer, the waiters and the connections."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import Machine
from coordinator.dispatch.state import ScannerState
from coordinator.judge.scores import Scores
from coordinator.late import LateResults, Taker
from shared.messages import Lane

logger = logging.getLogger(__name__)


class Connection(Protocol):
    """What the hub needs of a scanner's connection. None of the methods waits."""

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        """Queue a scan and its frames for sending."""

    def cancel(self, scan: str) -> None:
        """Drop what is not sent yet of a scan, and tell the scanner."""

    def fence(self) -> None:
        """Close: a newer connection of the same scanner took its place."""

    def set_aside(self, reason: str) -> None:
        """Close: what the scanner says is not believed any more."""


@dataclass(frozen=True, slots=True)
class ScanEnd:
    """What became of a scan, and how long its steps took."""

    end: ev.Scored | ev.Shortfall
    queue_ms: float
    push_ms: float
    infer_ms: float


@dataclass(slots=True)
class _Waiting:
    """A scan that somebody waits for."""

    frames: Sequence[bytes] = field(repr=False)
    frame_size: int
    lane: Lane
    submitted_s: float
    done: asyncio.Future[ScanEnd]
    late: Taker | None = field(default=None, repr=False)
    pushed_s: float | None = None
    received_s: float | None = None


class Hub:
    """Bring scans and scanners together. Use it from one event loop only."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._loop = asyncio.get_running_loop()
        self._generations = itertools.count(1)
        self._scan_numbers = itertools.count(1)
        self._connections: dict[int, Connection] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._has_ready = asyncio.Event()
        self._late = LateResults()
        self.weights = ""
        """Fingerprint of the weights that the scanner has which became ready last."""

    def __repr__(self) -> str:
        machine = self.machine
        held = sum(len(scanner.pushes) for scanner in machine.scanners.values())
        return (
            f"<Hub connections={len(self._connections)} waiting={len(self._waiting)} scanners={len(machine.scanners)}"
            f" scans={len(machine.scans)} pushes={held}>"
        )

    @property
    def scans_open(self) -> int:
        """Scans that somebody waits for."""
        return len(self._waiting)

    @property
    def has_ready_scanner(self) -> bool:
        """Say whether a scan could be pushed now, or after others."""
        return any(True for _ in self.machine.usable(self._loop.time()))

    async def scanner_ready(self) -> None:
        """Wait until a scan could be pushed now, or after others."""
        while not self.has_ready_scanner:
            self._has_ready.clear()
            await self._has_ready.wait()

    def join(self, scanner: str, capacity: int, connection: Connection) -> int:
        """Add a connection and return its generation. Call `leave` when it ends, in whatever way."""
        generation = next(self._generations)
        self._connections[generation] = connection
        self.handle(ev.ScannerJoined(generation, scanner, capacity))
        return generation

    def leave(self, generation: int) -> None:
        """Forget a connection; its scans go elsewhere."""
        self._connections.pop(generation, None)
        self.handle(ev.ScannerLeft(generation))

    def note_weights(self, scanner: str, weights: str) -> None:
        """Take the fingerprint of the weights of a scanner that becomes ready."""
        if self.weights not in ("", weights):
            text = (
                "scanner %s has other weights (%s) than the one before (%s); FEDIWARD_FINGERPRINT says which are right"
            )
            logger.warning(text, scanner, weights[:12], self.weights[:12])
        self.weights = weights

    def note_received(self, generation: int, scan: str, attempt: int) -> None:
        """Take the news that all frames of a push are at the scanner."""
        waiting = self._waiting.get(scan)
        if waiting is not None and waiting.received_s is None:
            waiting.received_s = self._loop.time()
        self.handle(ev.FramesReceived(generation, scan, attempt))

    def note_result(self, generation: int, scan: str, attempt: int, scores: Scores) -> None:
        """Take scores that were checked."""
        scanner = self.machine.scanners.get(generation)
        self.handle(ev.ResultArrived(generation, scan, attempt, scores))
        if scanner is not None:
            self._late.take(scan, ev.Scored(generation, scanner.scanner, attempt, len(scores.rows), scores))

    async def scan(
        self,
        frames: Sequence[bytes],
        frame_size: int,
        lane: Lane,
        deadline_s: float,
        *,
        late: Taker | None = None,
    ) -> ScanEnd:
        """Have frames looked at; return before `deadline_s`, in the time of the running loop.

        Cancel the call to abandon the scan. `late` is called should scores come after the scan has timed out.
        """
        name = f"s{next(self._scan_numbers)}"
        waiting = _Waiting(frames, frame_size, lane, self._loop.time(), self._loop.create_future(), late)
        frame_bytes = frame_size * frame_size * 3
        return await self._wait_for(ev.ScanSubmitted(name, lane, len(frames), frame_bytes, deadline_s), waiting)

    def spot_check_takers(self) -> list[ScannerState]:
        """Return the scanners that a spot check could go to now."""
        return list(self.machine.spot_checks.takers(self._loop.time()))

    async def spot_check(
        self, generation: int, frames: Sequence[bytes], frame_size: int, deadline_s: float
    ) -> ev.Scored | None:
        """Have frames looked at by one scanner, if it has nothing else to do meanwhile; None when it had, or failed."""
        name = f"c{next(self._scan_numbers)}"
        waiting = _Waiting(frames, frame_size, Lane.SWEEP, self._loop.time(), self._loop.create_future())
        end = await self._wait_for(ev.SpotCheckSubmitted(name, generation, len(frames), deadline_s), waiting)
        return end.end if isinstance(end.end, ev.Scored) else None

    def set_aside(self, scanner: str, reason: str) -> None:
        """Close the connection of a scanner that is not believed any more. Its scans go elsewhere."""
        for generation in [s.generation for s in self.machine.scanners.values() if s.scanner == scanner]:
            self._connections[generation].set_aside(reason)

    def handle(self, event: ev.Event) -> None:
        """Pass an event to the machine and carry out what it says."""
        for command in self.machine.handle(event, self._loop.time()):
            match command:
                case ev.Push():
                    self._push(command)
                case ev.Cancel():
                    connection = self._connections.get(command.generation)
                    if connection is not None:
                        connection.cancel(command.scan)
                case ev.Settle():
                    self._settle(command)
                case ev.Fence():
                    self._connections.pop(command.generation).fence()
                case ev.WakeAt():
                    self._wake_at(command.at_s)
        if not self._has_ready.is_set() and self.has_ready_scanner:
            self._has_ready.set()

    def close(self) -> None:
        """Stop the timers."""
        self._late.close()
        if self._timer is not None:
            self._timer.cancel()

    async def _wait_for(self, event: ev.ScanSubmitted | ev.SpotCheckSubmitted, waiting: _Waiting) -> ScanEnd:
        self._waiting[event.scan] = waiting
        try:
            self.handle(event)
            return await waiting.done
        finally:
            del self._waiting[event.scan]
            if not waiting.done.done() or waiting.done.cancelled():
                self.handle(ev.ScanAbandoned(event.scan))

    def _push(self, push: ev.Push) -> None:
        waiting = self._waiting[push.scan]
        if waiting.pushed_s is None:
            waiting.pushed_s = self._loop.time()
        waiting.received_s = None
        frames = waiting.frames[: push.frames]
        self._connections[push.generation].push(push, waiting.lane, frames, waiting.frame_size)

    def _settle(self, settle: ev.Settle) -> None:
        waiting = self._waiting[settle.scan]
        now = self._loop.time()
        pushed_s = now if waiting.pushed_s is None else waiting.pushed_s
        received_s = now if waiting.received_s is None else waiting.received_s
        if waiting.late is not None and settle.end is ev.Shortfall.TIMED_OUT:
            self._late.expect(settle.scan, waiting.late)
        if not waiting.done.done():
            waiting.done.set_result(
                ScanEnd(
                    end=settle.end,
                    queue_ms=(pushed_s - waiting.submitted_s) * 1e3,
                    push_ms=max(received_s - pushed_s, 0.0) * 1e3,
                    infer_ms=max(now - received_s, 0.0) * 1e3,
                )
            )

    def _wake_at(self, at_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.handle(ev.Tick())
