"""Machines with one deliberate fault each: a simulation that does not find them all proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from coordinator.dispatch import events as ev
from coordinator.dispatch.choice import Choice
from coordinator.dispatch.fleet import Fleet
from coordinator.dispatch.machine import Machine
from coordinator.dispatch.spot_checks import SpotChecks
from coordinator.dispatch.state import Phase, PushState, ScannerState, ScanState
from shared.messages import Lane

Mutant = Callable[..., Machine]


class WithFleet(Machine):
    """A machine whose fleet is at fault."""

    make_fleet: Callable[[float], Fleet]

    def __init__(self, *, now: float, **settings: Any) -> None:
        super().__init__(now=now, **settings)
        self.fleet = type(self).make_fleet(now)
        self.spot_checks = SpotChecks(self.fleet, self.queues)


class IgnoresAttempt(WithFleet):
    """Takes a message about any attempt for one about the current attempt."""

    class _Fleet(Fleet):
        def push_of(self, generation: int, scan: str, attempt: int) -> tuple[ScannerState, PushState] | None:
            scanner = self.scanners.get(generation)
            push = scanner.pushes.get(scan) if scanner is not None else None
            return (scanner, push) if scanner is not None and push is not None else None

    make_fleet = _Fleet


class ForgetsDeadlines(Machine):
    """Settles nothing at its deadline."""

    def _expire(self, now: float) -> None:
        pass


class SettlesTwice(Machine):
    """Settles a scan again when the other scanner's result arrives: the loser is not cancelled."""

    def _cancel(self, scan: ScanState, now: float) -> None:
        if scan.on:
            self.scans[scan.scan] = scan
            self.queues[scan.lane].discard(scan)


class LeavesPushes(Machine):
    """Tells scanners to drop what is settled, and goes on counting it as in flight."""

    def _cancel(self, scan: ScanState, now: float) -> None:
        self._commands += [ev.Cancel(generation, scan.scan) for generation in scan.on]
        scan.on.clear()


class IgnoresLessCapacity(Machine):
    """Does not hear that a scanner takes less than before."""

    def _on_load(self, event: ev.LoadChanged, now: float) -> None:
        scanner = self.scanners.get(event.generation)
        if scanner is not None and event.capacity > scanner.capacity:
            super()._on_load(event, now)


class PushesTooEarly(Machine):
    """Pushes to scanners that have joined and are not ready."""

    def _on_joined(self, event: ev.ScannerJoined, now: float) -> None:
        super()._on_joined(event, now)
        self.scanners[event.generation].phase = Phase.READY


class ForgetsWhoTried(Machine):
    """Pushes a scan again to a scanner that failed on it."""

    def _push(self, scan: ScanState, choice: Choice, now: float) -> None:
        super()._push(scan, choice, now)
        scan.tried.clear()


class SparesNobody(Machine):
    """Tries a scan on one scanner after the other, however many it costs."""

    def _attempt_failed(self, scanner: ScannerState, push: PushState, now: float, *, costs: bool) -> None:
        super()._attempt_failed(scanner, push, now, costs=False)


class DoesNotFence(Machine):
    """Keeps an old connection beside the new one of the same scanner."""

    def _lose(self, scanner: ScannerState, now: float) -> None:
        if not any(isinstance(command, ev.Fence) for command in self._commands):
            super()._lose(scanner, now)


class IgnoresDrain(Machine):
    """Goes on pushing to a scanner that wants to leave."""

    def _on_draining(self, event: ev.ScannerDraining, now: float) -> None:
        pass


class IgnoresHold(Machine):
    """Goes on pushing to a scanner that an admin holds."""

    def handle(self, event: ev.Event, now: float) -> list[ev.Command]:
        return super().handle(ev.Tick() if isinstance(event, ev.ScannerHeld) else event, now)


class SleepsTooLong(Machine):
    """Asks to be woken once, and never for an earlier time."""

    def _ask_to_wake(self, now: float) -> None:
        if self._wake_at_s == float("inf"):
            super()._ask_to_wake(now)


class SweepsFirst(Machine):
    """Serves those first for whom nobody waits."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.queues = {lane: self.queues[lane] for lane in (Lane.SWEEP, Lane.LIVE)}


class BearsGrudges(WithFleet):
    """Never pushes again to a scanner that was late once, whatever signs of life it gives."""

    class _Fleet(Fleet):
        def __init__(self, now: float) -> None:
            super().__init__(now)
            self._grudges: set[str] = set()

        def take_late(self, now: float) -> Iterator[ScannerState]:
            for scanner in super().take_late(now):
                self._grudges.add(scanner.scanner)
                yield scanner

        def usable(self, now: float) -> Iterator[ScannerState]:
            return (scanner for scanner in super().usable(now) if scanner.scanner not in self._grudges)

    make_fleet = _Fleet


class WaitsForLostWork(Machine):
    """Counts a push that timed out as in flight until its result comes, which may be never."""

    def _settle(self, scan: ScanState, end: ev.Scored | ev.Shortfall, now: float) -> None:
        super()._settle(scan, end, now)
        self.timed_out.clear()

    def _take_back(self, scanner: ScannerState, push: PushState, now: float) -> ScanState | None:
        if push.scan not in self.scans:
            scanner.remove(push, now)
            return None
        return super()._take_back(scanner, push, now)


class ServesTheAbsent(Machine):
    """Goes on with a scan that nobody waits for any more."""

    def _on_abandoned(self, event: ev.ScanAbandoned, now: float) -> None:
        pass


class SetsAsideForEver(WithFleet):
    """Gives a scanner that was set aside no further trial."""

    class _Fleet(Fleet):
        def usable(self, now: float) -> Iterator[ScannerState]:
            for scanner in super().usable(now):
                record = self.faults.record(scanner.scanner)
                if record is None or record.times_aside == 0:
                    yield scanner

    make_fleet = _Fleet


class Crowds(Machine):
    """Pushes a look more than fits."""

    def _push(self, scan: ScanState, choice: Choice, now: float) -> None:
        super()._push(scan, Choice(choice.scanner, choice.frames + 1), now)


class ChecksTheBusy(Machine):
    """Gives spot checks to whoever is asked for, at work or not."""

    class _SpotChecks(SpotChecks):
        def takers(self, now: float) -> Iterator[ScannerState]:
            return (scanner for scanner in self._fleet.scanners.values() if scanner.room)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.spot_checks = self._SpotChecks(self.fleet, self.queues)


class GivesRoomAway(WithFleet):
    """Fills the room of a scanner that an admin has tested."""

    class _Fleet(Fleet):
        def note_reserved(self, generation: int, frames: int) -> None:
            pass

    make_fleet = _Fleet


class ChecksTheTested(Machine):
    """Leaves spot checks with a scanner that an admin has tested."""

    class _SpotChecks(SpotChecks):
        def _ended_by(self, event: ev.Event) -> Iterator[ev.Command]:
            return iter(()) if isinstance(event, ev.RoomReserved) else super()._ended_by(event)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.spot_checks = self._SpotChecks(self.fleet, self.queues)


class MakesNoWay(Machine):
    """Pushes scans to a scanner beside its spot check."""

    class _SpotChecks(SpotChecks):
        def _make_way(self, command: ev.Command) -> Iterator[ev.Command]:
            yield command

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.spot_checks = self._SpotChecks(self.fleet, self.queues)


MUTANTS: dict[str, Mutant] = {
    "ignores the attempt": IgnoresAttempt,
    "forgets deadlines": ForgetsDeadlines,
    "settles twice": SettlesTwice,
    "leaves pushes behind": LeavesPushes,
    "ignores less capacity": IgnoresLessCapacity,
    "pushes before ready": PushesTooEarly,
    "forgets who tried": ForgetsWhoTried,
    "spares nobody": SparesNobody,
    "does not fence": DoesNotFence,
    "ignores drain": IgnoresDrain,
    "ignores hold": IgnoresHold,
    "sleeps too long": SleepsTooLong,
    "sweeps first": SweepsFirst,
    "bears grudges": BearsGrudges,
    "waits for lost work": WaitsForLostWork,
    "serves the absent": ServesTheAbsent,
    "sets aside for ever": SetsAsideForEver,
    "pushes looks that are not there": Crowds,
    "spot-checks the busy": ChecksTheBusy,
    "does not end spot checks": MakesNoWay,
    "gives reserved room away": GivesRoomAway,
    "spot-checks beside a trial": ChecksTheTested,
}
