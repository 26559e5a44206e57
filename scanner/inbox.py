"""The scans of one connection, from their announcement to their result, and the bounds that they keep."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from scanner.assembly import Assembly
from scanner.engine import Engine
from scanner.jobs import Job, JobEvent, JobFailed, JobFinished, JobProgressed
from scanner.models import Scores
from scanner.models.errors import DeviceLostError
from shared.errors import UnexpectedMessageError
from shared.messages import Cancel, Failure, FailureKind, Frame, FromScanner, Progress, Received, Result, Scan, Welcome

REMEMBERED_CANCELS = 1024
"""Cancelled scans whose late frames are ignored. They were pushed before the cancel, so there are few."""


@dataclass(eq=False, slots=True)
class Flight:
    """One scan between its announcement and its end."""

    assembly: Assembly
    job: Job | None = None
    receive_s: float = 0.0


class Inbox:
    """Collect the frames of scans, give them to the engine, and post what becomes of them."""

    def __init__(
        self,
        engine: Engine,
        post: Callable[[FromScanner], None],
        *,
        capacity: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the engine, where to put messages for the coordinator, and the most frames that may be in flight."""
        self.in_flight = 0
        self._engine = engine
        self._post = post
        self._capacity = capacity
        self._clock = clock
        self._max_frames = 0
        self._frame_size = 0
        self._flights: dict[str, Flight] = {}
        self._cancelled: OrderedDict[str, None] = OrderedDict()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def open(self) -> bool:
        """Say whether scans may come."""
        return self._max_frames > 0

    def open_for(self, welcome: Welcome, *, frame_size: int) -> None:
        """Let scans come, of frames of the model's size."""
        self._max_frames = welcome.max_frames
        self._frame_size = frame_size

    async def wait_until_empty(self) -> None:
        """Wait until nothing is in flight."""
        await self._empty.wait()

    def close(self) -> None:
        """Drop all that is in flight: nobody is left to take the results."""
        for scan_id in list(self._flights):
            self._end(scan_id)

    def announce(self, scan: Scan) -> None:
        """Expect the frames of a scan. Raises UnexpectedMessageError when it breaks a bound."""
        if not self.open:
            raise UnexpectedMessageError(Scan.TYPE, "before ready")
        if scan.scan_id in self._flights:
            raise UnexpectedMessageError(Scan.TYPE, "in flight already")
        if scan.frame_size != self._frame_size:
            raise UnexpectedMessageError(Scan.TYPE, f"frames of {scan.frame_size} instead of {self._frame_size} pixels")
        if scan.frames > self._max_frames:
            raise UnexpectedMessageError(Scan.TYPE, f"{scan.frames} frames; at most {self._max_frames} are agreed")
        if self.in_flight + scan.frames > self._capacity:
            raise UnexpectedMessageError(Scan.TYPE, f"more than {self._capacity} frames in flight")
        self._cancelled.pop(scan.scan_id, None)
        self._flights[scan.scan_id] = Flight(Assembly(scan, began_s=self._clock()))
        self.in_flight += scan.frames
        self._empty.clear()

    def add(self, frame: Frame) -> None:
        """Take a frame, and start the scan when it was the last. Raises UnexpectedMessageError for one out of place."""
        flight = self._flights.get(frame.scan_id)
        if flight is None and frame.scan_id in self._cancelled:
            return
        if flight is None or flight.job is not None:
            raise UnexpectedMessageError(Frame.TYPE, "of no scan that was announced")
        flight.assembly.add(frame)
        if flight.assembly.complete:
            self._start(flight)

    def cancel(self, cancel: Cancel) -> None:
        """Drop a scan. One that is not in flight has just ended, which is no fault."""
        if cancel.scan_id in self._flights:
            self._end(cancel.scan_id)
            self._cancelled[cancel.scan_id] = None
            if len(self._cancelled) > REMEMBERED_CANCELS:
                self._cancelled.popitem(last=False)

    def _start(self, flight: Flight) -> None:
        scan = flight.assembly.scan
        flight.receive_s = self._clock() - flight.assembly.began_s
        flight.job = Job(scan.lane, flight.assembly.frames, partial(self._report, flight))
        self._post(Received(scan.scan_id, scan.attempt))
        self._engine.submit(flight.job)

    def _report(self, flight: Flight, event: JobEvent) -> None:
        scan = flight.assembly.scan
        match event:
            case JobProgressed(done):
                self._post(Progress(scan.scan_id, scan.attempt, done))
            case JobFinished():
                self._end(scan.scan_id)
                self._post(_result(flight, event))
            case JobFailed(error):
                self._end(scan.scan_id)
                self._post(_failure(flight, error))

    def _end(self, scan_id: str) -> None:
        flight = self._flights.pop(scan_id)
        self.in_flight -= flight.assembly.scan.frames
        if flight.job is not None:
            self._engine.drop(flight.job)
        if not self._flights:
            self._empty.set()


def _result(flight: Flight, finished: JobFinished) -> Result:
    scan = flight.assembly.scan
    frames, terms = finished.scores.shape
    return Result(
        scan_id=scan.scan_id,
        attempt=scan.attempt,
        frames=frames,
        terms=terms,
        scores=_pack(finished.scores),
        receive_ms=flight.receive_s * 1000,
        queue_ms=finished.queue_s * 1000,
        infer_ms=finished.infer_s * 1000,
    )


def _pack(scores: Scores) -> bytes:
    return np.ascontiguousarray(scores, dtype="<f4").tobytes()


def _failure(flight: Flight, error: BaseException) -> Failure:
    scan = flight.assembly.scan
    return Failure(scan.scan_id, scan.attempt, kind_of(error), type(error).__name__)


def kind_of(error: BaseException) -> FailureKind:
    """Say in the words of the protocol what kept the model from computing."""
    if isinstance(error, MemoryError):
        return FailureKind.OUT_OF_MEMORY
    if isinstance(error, DeviceLostError):
        return FailureKind.DEVICE_LOST
    return FailureKind.INTERNAL
