"""The faults that a seed plays, each with an end that can be brought about at once."""

from __future__ import annotations

from collections.abc import Callable

from coordinator.dispatch import events as ev
from shared.limits import KIB
from shared.messages import FailureKind
from tests.simulation.box import Box
from tests.simulation.line import Direction
from tests.simulation.plan import Trouble
from tests.simulation.world import World

NOTICED_S = 8.0
"""A line that lets nothing through is given up by the server after so long."""


class Troubles:
    """Bring faults about, one after the other, until told to end them all."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._ends: list[Callable[[], None]] = []
        self._over = False
        self._acts: dict[Trouble, Callable[[Box], None]] = {
            Trouble.LATENCY: self._latency,
            Trouble.BANDWIDTH: self._bandwidth,
            Trouble.BLACKHOLE_DOWN: lambda box: self._blackhole(box, up=False),
            Trouble.BLACKHOLE_UP: lambda box: self._blackhole(box, up=True),
            Trouble.RESET: self._reset,
            Trouble.HALF_OPEN: self._half_open,
            Trouble.SWIZZLE: lambda box: self._swizzle(),
            Trouble.KILL: self._kill,
            Trouble.STALL: self._stall,
            Trouble.SLOW_2: lambda box: self._slow(box, 2.0),
            Trouble.SLOW_10: lambda box: self._slow(box, 10.0),
            Trouble.FAILURES: self._fail,
            Trouble.BUSY: self._busy,
            Trouble.LIES: self._lie,
            Trouble.LOST_WORK: self._forget,
            Trouble.DRAIN: self._drain,
            Trouble.PAUSE: lambda box: self._change_capacity(box, 0),
            Trouble.CAPACITY: lambda box: self._change_capacity(box, self._random.randint(1, box.plan.capacity)),
            Trouble.ASLEEP: lambda box: world.sleep(self._random.choice((0.3, 2.0, 5.0))),
            Trouble.CALLERS_GONE: lambda box: self._callers_go(),
        }

    def begin(self) -> None:
        """Start the first fault after a while."""
        if self._world.plan.troubles:
            self._next()

    def end(self) -> None:
        """End all faults and start no others: lines work, boxes run."""
        self._over = True
        for end in self._ends:
            end()
        for box in self._world.boxes:
            box.batches_to_fail.clear()
            box.pushes_to_forget = 0
            box.wants_connection = True
            box.connect()

    def act(self, trouble: Trouble, box: Box) -> None:
        """Bring one fault about."""
        self._world.tally[trouble.value] += 1
        self._acts[trouble](box)

    def _next(self) -> None:
        gap_s = self._random.expovariate(1.0 / self._world.plan.trouble_gap_s)
        self._world.timeline.after(gap_s, self._strike)

    def _strike(self) -> None:
        if not self._over:
            self.act(self._random.choice(self._world.plan.troubles), self._random.choice(self._world.boxes))
            self._next()

    def _for_a_while(self, end: Callable[[], None]) -> None:
        """End a fault after a random time, or with all the others."""
        ended = False

        def once() -> None:
            nonlocal ended
            if not ended:
                ended = True
                end()

        self._ends.append(once)
        self._world.timeline.after(self._random.choice((0.2, 1.0, 3.0, 10.0, 1e6)), once)

    # Lines

    def _latency(self, box: Box) -> None:
        line = box.line
        if line is None:
            return
        before_s = box.plan.latency_s
        line.down.latency_s = line.up.latency_s = self._random.choice((0.05, 0.2, 1.0))

        def end() -> None:
            line.down.latency_s = line.up.latency_s = before_s

        self._for_a_while(end)

    def _bandwidth(self, box: Box) -> None:
        line = box.line
        if line is None:
            return
        line.down.bytes_per_s = self._random.choice((64 * KIB, 256 * KIB))

        def end() -> None:
            line.down.bytes_per_s = box.plan.link_bytes_per_s

        self._for_a_while(end)

    def _blackhole(self, box: Box, *, up: bool) -> None:
        line = box.line
        if line is None:
            return
        direction = line.up if up else line.down
        self._clog(direction)
        self._for_a_while(direction.unclog)

        def notice() -> None:
            if direction.is_clogged and line.open_at_coordinator:
                self._world.close_line(line)
                self._lose(box, after_s=1.0)

        self._world.timeline.after(NOTICED_S, notice)

    def _clog(self, direction: Direction) -> None:
        direction.clog()

    def _reset(self, box: Box) -> None:
        line = box.line
        if line is not None:
            self._world.close_line(line)
            box.lose_connection()

    def _half_open(self, box: Box) -> None:
        """The box comes back while its old connection looks alive; later the old one may be closed as well."""
        line = box.line
        if line is None:
            return
        line.down.clog()
        line.up.clog()
        box.lose_connection()
        self._world.timeline.after(NOTICED_S, lambda: self._world.close_line(line))

    def _swizzle(self) -> None:
        """Clog all connections one by one, and unclog them in another order."""
        lines = [box.line for box in self._world.boxes if box.line is not None]
        wait_s = 0.0
        for line in self._random.sample(lines, len(lines)):
            wait_s += self._random.uniform(0.0, 0.5)
            self._world.timeline.after(wait_s, line.clog)
        for line in self._random.sample(lines, len(lines)):
            wait_s += self._random.uniform(0.0, 0.5)
            self._world.timeline.after(wait_s, line.unclog)
            self._ends.append(line.unclog)

    # Boxes

    def _lose(self, box: Box, *, after_s: float) -> None:
        line = box.line
        self._world.timeline.after(after_s, lambda: box.lose_connection() if box.line is line else None)

    def _kill(self, box: Box) -> None:
        """The process dies; the operating system says so, or the whole machine is gone and nobody does."""
        line = box.line
        box.wants_connection = False
        box.forget_jobs()
        if line is not None:
            box.lose_connection()
            if self._random.random() < 0.7:
                self._world.close_line(line)
            else:
                line.cut()
                self._world.timeline.after(NOTICED_S, lambda: self._world.close_line(line))

        def restart() -> None:
            box.wants_connection = True
            box.connect()

        self._for_a_while(restart)

    def _stall(self, box: Box) -> None:
        box.stall()
        self._for_a_while(box.go_on)

    def _slow(self, box: Box, times: float) -> None:
        box.slowdown = times

        def end() -> None:
            box.slowdown = 1.0

        self._for_a_while(end)

    def _fail(self, box: Box) -> None:
        kinds = [kind for kind in FailureKind if kind is not FailureKind.BUSY]
        box.batches_to_fail.extend(self._random.choices(kinds, k=self._random.choice((1, 3, 20))))

    def _busy(self, box: Box) -> None:
        box.says_busy = True

        def end() -> None:
            box.says_busy = False

        self._for_a_while(end)

    def _forget(self, box: Box) -> None:
        box.pushes_to_forget += self._random.choice((1, 1, 4))

    def _drain(self, box: Box) -> None:
        """The box takes no more, finishes, closes and comes back."""
        line = box.line
        if line is None or box.drains:
            return
        box.drains = True
        box.tell(ev.ScannerDraining(line.generation))

        def close() -> None:
            if box.line is line:
                if box.holds and not self._over:
                    self._world.timeline.after(0.5, close)
                else:
                    self._world.close_line(line)
                    box.lose_connection()

        self._world.timeline.after(0.5, close)
        self._ends.append(close)

    def _change_capacity(self, box: Box, capacity: int) -> None:
        box.capacity = capacity
        box.tell_load()

        def end() -> None:
            box.capacity = box.plan.capacity
            box.tell_load()

        self._for_a_while(end)

    # Messages and callers

    def _lie(self, box: Box) -> None:
        """Say things that are wrong, old, somebody else's, or said before."""
        world = self._world
        if box.line is None or not world.watcher.scans:
            return
        for _ in range(self._random.choice((1, 5))):
            scan = self._random.choice(list(world.watcher.scans)[-20:])
            attempts = world.watcher.scans[scan].attempts
            attempt = max(attempts + self._random.choice((-1, 0, 0, 1)), 0)
            if world.is_asleep:
                # What is said of the next attempt may be true by the time that it is heard.
                attempt = min(attempt, attempts)
            generation = self._random.choice((box.line.generation, box.line.generation, self._stale()))
            lies: list[ev.Event] = [
                ev.FramesReceived(generation, scan, attempt),
                ev.FramesDone(generation, scan, attempt, self._random.choice((-1, 0, 1, 99))),
                ev.ResultArrived(generation, "nobody", 1, "lie"),
            ]
            if not world.watcher.has(generation, scan, attempt):
                lies.append(ev.ResultArrived(generation, scan, attempt, "lie"))
                lies.append(ev.PushFailed(generation, scan, attempt, FailureKind.INTERNAL))
            if not world.watcher.scans[scan].is_open:
                lies.append(ev.ScanAbandoned(scan))
            stale = self._stale()
            lies += (
                ev.ScannerReady(stale),
                ev.LoadChanged(stale, 1, 1.0),
                ev.ScannerDraining(stale),
                ev.ScannerLeft(stale),
            )
            world.handle(self._random.choice(lies))

    def _stale(self) -> int:
        """Return a generation that is gone, or never was."""
        return next(number for number in range(1, 10**6) if number not in self._world.lines)

    def _callers_go(self) -> None:
        """All who wait go away at the same time, or some of them."""
        share = self._random.choice((0.3, 1.0))
        for seen in list(self._world.watcher.scans.values()):
            if seen.is_open and self._random.random() < share:
                self._world.abandon(seen.scan)
