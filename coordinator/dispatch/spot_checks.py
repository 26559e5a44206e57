"""Spot checks: frames that one scanner has looked at, looked at by another. They get idle time only, and give way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coordinator.dispatch import events as ev
from coordinator.dispatch.fleet import Fleet
from coordinator.dispatch.lanes import Queue
from coordinator.dispatch.state import ScannerState
from shared.messages import Lane

ATTEMPT = 1
"""A spot check is tried once."""


@dataclass(frozen=True, slots=True)
class SpotCheck:
    """A spot check that a scanner has."""

    scan: str
    frames: int
    deadline_s: float


class SpotChecks:
    """At most one spot check a scanner, beside its accounts: for scans, a scanner with a spot check is idle.

    Whatever comes to such a scanner ends the spot check first, so that no scan waits for room or for the line.
    """

    def __init__(self, fleet: Fleet, queues: Mapping[Lane, Queue]) -> None:
        self.by_generation: dict[int, SpotCheck] = {}
        self._fleet = fleet
        self._queues = queues

    def __len__(self) -> int:
        return len(self.by_generation)

    @property
    def next_s(self) -> float:
        """Time at which the first one ends by itself, infinite when there is none."""
        return min((check.deadline_s for check in self.by_generation.values()), default=float("inf"))

    def takers(self, now: float) -> Iterator[ScannerState]:
        """Yield who may be given a spot check: scanners that are well and idle, while nothing waits for one."""
        if any(self._queues.values()):
            return
        for scanner in self._fleet.usable(now):
            is_well = not self._fleet.faults.is_on_trial(scanner.scanner)
            is_idle = scanner.is_idle and not scanner.reserved_frames
            if is_well and is_idle and scanner.generation not in self.by_generation:
                yield scanner

    def follow(self, event: ev.Event, commands: list[ev.Command], now: float) -> list[ev.Command]:
        """Take an event after the machine did; return its commands, with those about spot checks in their places."""
        # First what the event ends: a scanner that has just answered has nothing that could be broken off for a push.
        followed = list(self._ended_by(event))
        followed += [beside for command in commands for beside in self._make_way(command)]
        if isinstance(event, ev.SpotCheckSubmitted):
            followed += self._begin(event, now)
        for generation in [at for at, check in self.by_generation.items() if check.deadline_s <= now]:
            followed += self._break_off(generation, ev.Shortfall.TIMED_OUT)
        return followed

    def _ended_by(self, event: ev.Event) -> Iterator[ev.Command]:
        match event:
            case ev.ResultArrived() if self._has(event.generation, event.scan, event.attempt):
                scanner = self._fleet.scanners[event.generation]
                check = self.by_generation[event.generation]
                scored = ev.Scored(event.generation, scanner.scanner, ATTEMPT, check.frames, event.scores)
                yield self._end(event.generation, scored)
            case ev.PushFailed() if self._has(event.generation, event.scan, event.attempt):
                yield self._end(event.generation, ev.Shortfall.NO_SCANNER)
            case ev.ScannerLeft() if event.generation in self.by_generation:
                yield self._end(event.generation, ev.Shortfall.NO_SCANNER)
            case ev.RoomReserved() if event.generation in self.by_generation:
                yield from self._break_off(event.generation, ev.Shortfall.NO_SCANNER)
            case ev.ScanAbandoned():
                yield from self._abandon(event.scan)

    def _begin(self, event: ev.SpotCheckSubmitted, now: float) -> Iterator[ev.Command]:
        scanner = next((taker for taker in self.takers(now) if taker.generation == event.generation), None)
        if scanner is None or event.deadline_s <= now:
            yield ev.Settle(event.scan, ev.Shortfall.NO_SCANNER)
            return
        frames = min(event.frames, scanner.capacity)
        self.by_generation[event.generation] = SpotCheck(event.scan, frames, event.deadline_s)
        yield ev.Push(event.generation, event.scan, ATTEMPT, frames, event.deadline_s - now)

    def _make_way(self, command: ev.Command) -> Iterator[ev.Command]:
        """Yield a command with what must come before or after it."""
        if isinstance(command, ev.Push) and command.generation in self.by_generation:
            yield from self._break_off(command.generation, ev.Shortfall.NO_SCANNER)
        yield command
        if isinstance(command, ev.Fence) and command.generation in self.by_generation:
            yield self._end(command.generation, ev.Shortfall.NO_SCANNER)

    def _abandon(self, scan: str) -> Iterator[ev.Command]:
        for generation in [at for at, check in self.by_generation.items() if check.scan == scan]:
            del self.by_generation[generation]
            yield ev.Cancel(generation, scan)

    def _break_off(self, generation: int, why: ev.Shortfall) -> Iterator[ev.Command]:
        scan = self.by_generation[generation].scan
        yield self._end(generation, why)
        yield ev.Cancel(generation, scan)

    def _end(self, generation: int, end: ev.Scored | ev.Shortfall) -> ev.Command:
        return ev.Settle(self.by_generation.pop(generation).scan, end)

    def _has(self, generation: int, scan: str, attempt: int) -> bool:
        check = self.by_generation.get(generation)
        return check is not None and (check.scan, ATTEMPT) == (scan, attempt)
