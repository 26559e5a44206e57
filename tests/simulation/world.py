"""The real dispatch machine among simulated scanners, lines and callers, under virtual time."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable
from random import Random

from coordinator.dispatch import events as ev
from coordinator.dispatch.invariants import InvariantError
from coordinator.dispatch.lanes import LaneLimits
from coordinator.dispatch.machine import RETURN_GRACE_S, Machine
from coordinator.dispatch.state import Phase
from shared.messages import Lane
from tests.simulation.box import Box, bytes_of
from tests.simulation.line import Line
from tests.simulation.plan import FRAME_BYTES, Plan
from tests.simulation.probe import Probe
from tests.simulation.timeline import Timeline
from tests.simulation.watcher import PromiseBrokenError, Watcher

STORY_LINES = 400
MOST_EVENTS = 20_000


class World:
    """The owner of a machine, as `coordinator.hub` is, with a clock of its own."""

    def __init__(
        self, plan: Plan, random: Random, *, make: Callable[..., Machine] = Machine, validates: bool = True
    ) -> None:
        self.plan = plan
        self.random = random
        self.timeline = Timeline(grid_s=plan.grid_s)
        self.probe = Probe(plan.chooser)
        self.machine = make(
            limits=LaneLimits(scans=plan.queue_scans),
            choose=self.probe,
            extra_push_burst=plan.extra_push_burst,
            now=-RETURN_GRACE_S,
        )
        self.watcher = Watcher(late_s=plan.timer_late_s + plan.grid_s + 1e-9)
        self.tally: Counter[str] = Counter()
        self.trace = hashlib.sha256()
        self.story: deque[str] = deque(maxlen=STORY_LINES)
        self.tells = False
        self.is_over = False
        self.last_event: ev.Event = ev.Tick()
        self.lines: dict[int, Line] = {}
        self.boxes = [Box(self, box) for box in plan.boxes]
        self.events = 0
        self._validates = validates
        self.generations = 0
        self._scans = 0
        self._spot_checks = 0
        self._timer = 0
        self._aside: set[str] = set()
        self._asleep_until_s = 0.0
        self._backlog: list[ev.Event] = []

    def hold(self, truth: bool, fault: str, scan: str = "") -> None:
        """Raise PromiseBrokenError unless it is true."""
        self.watcher.hold(truth, fault, scan)

    # Connections

    def open_line(self, box: Box) -> Line:
        """Give a box a new connection. An older one of it may still look alive."""
        self.generations += 1
        line = Line(self.timeline, self.generations, box.plan.link_bytes_per_s, box.plan.latency_s)
        self.lines[line.generation] = line
        self.handle(ev.ScannerJoined(line.generation, box.name, box.plan.capacity))
        return line

    def close_line(self, line: Line) -> None:
        """Let the coordinator notice that a connection is gone."""
        line.cut()
        if self.is_asleep:
            self.timeline.at(self._asleep_until_s, lambda: self.close_line(line))
        elif line.open_at_coordinator:
            line.open_at_coordinator = False
            del self.lines[line.generation]
            is_tested = self.machine.scanners[line.generation].reserved_frames
            self.handle(ev.ScannerLeft(line.generation))
            if is_tested:
                # Whoever waits for the trial is told so, and gives its room back.
                self.handle(ev.RoomReserved(line.generation, 0))

    def arrive(self, line: Line, event: ev.Event) -> None:
        """Take what a box said over a connection."""
        if line.open_at_coordinator:
            self.handle(event)

    # Scans

    def submit(self, lane: Lane, frames: int, left_s: float) -> str:
        """Submit a scan and return its name."""
        self._scans += 1
        scan = f"s{self._scans}"
        self.handle(ev.ScanSubmitted(scan, lane, frames, FRAME_BYTES, self.timeline.now + left_s))
        return scan

    def spot_check(self, generation: int, frames: int, left_s: float) -> str:
        """Have a scanner spot-check frames, whatever it is at, and return the name of that."""
        self._spot_checks += 1
        scan = f"c{self._spot_checks}"
        self.handle(ev.SpotCheckSubmitted(scan, generation, frames, self.timeline.now + left_s))
        return scan

    def test(self, box: Box, takes_s: float) -> None:
        """Have a box look at one frame for an admin, for so long, if it has room and is not being tested."""
        line = box.line
        if line is None or line.generation not in self.lines or self.is_asleep:
            return
        state = self.machine.scanners[line.generation]
        if state.phase is Phase.WARMING or not state.room or state.reserved_frames:
            return
        self.handle(ev.RoomReserved(line.generation, 1))
        line.down.send(lambda: self._at_box(line, lambda: box.begin_trial(line, takes_s)), bytes_of(1))

    def abandon(self, scan: str) -> None:
        """Let the caller of a scan go, if it still waits."""
        if scan in self.watcher.scans and self.watcher.scans[scan].is_open:
            self.handle(ev.ScanAbandoned(scan))

    # The coordinator's own troubles

    @property
    def is_asleep(self) -> bool:
        """Say whether what is said now is heard later."""
        return self.timeline.now < self._asleep_until_s

    def sleep(self, seconds: float) -> None:
        """Let the coordinator do nothing for a while, and then everything at once: a blocked loop, a paused machine."""
        if not self.is_asleep:
            self._asleep_until_s = self.timeline.now + seconds
            self.watcher.note_sleep(self.timeline.now, self._asleep_until_s)
            self.timeline.at(self._asleep_until_s, self._wake_up)

    def _wake_up(self) -> None:
        backlog, self._backlog = self._backlog, []
        for event in backlog:
            # A caller that went away twice while nobody looked is one that went away.
            if not isinstance(event, ev.ScanAbandoned) or self.watcher.scans[event.scan].is_open:
                self.handle(event)

    # The door

    def handle(self, event: ev.Event) -> None:
        """Pass an event, check everything, and carry out the commands."""
        now = self.timeline.now
        if self.is_asleep:
            self._backlog.append(event)
            return
        self.events += 1
        self.last_event = event
        self.hold(self.events < MOST_EVENTS, "the machine goes round in circles")
        self.watcher.see(event, now)
        try:
            commands = self.machine.handle(event, now)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise PromiseBrokenError(f"the machine raised {error!r}") from error
        if self.tells:
            self._tell(event, commands, now)
        self._count(event, commands)
        self.watcher.check(commands, now)
        if self._validates:
            self.machine.validate(now)
            self.watcher.check_timer(now)
        for command in commands:
            self._carry_out(command)

    def _carry_out(self, command: ev.Command) -> None:
        match command:
            case ev.Push():
                self._push(command)
            case ev.Cancel():
                self._cancel(command)
            case ev.Fence():
                line = self.lines.pop(command.generation)
                line.open_at_coordinator = False
                line.cut()
                box = self._box_of(line)
                if box is not None:
                    self.timeline.after(box.plan.latency_s, lambda: self._notice(line))
            case ev.WakeAt():
                self._timer += 1
                number = self._timer
                late_s = self.random.uniform(0.0, self.plan.timer_late_s)
                self.timeline.at(command.at_s + late_s, lambda: self._tick(number))
            case ev.Settle():
                pass

    def _push(self, push: ev.Push) -> None:
        line = self.lines[push.generation]
        seen = self.watcher.scans[push.scan]
        if seen.pinned is None:
            self.probe.used.add(self.watcher.scanners[push.generation].name)
        lane = seen.lane
        box = self._box_of(line)
        if box is None:
            return
        line.down.send(lambda: self._at_box(line, lambda: box.announce(push, lane)))
        line.down.send(lambda: self._at_box(line, lambda: box.receive(push)), bytes_of(push.frames))

    def _cancel(self, cancel: ev.Cancel) -> None:
        line = self.lines[cancel.generation]
        box = self._box_of(line)
        if box is not None:
            line.down.send(lambda: self._at_box(line, lambda: box.drop(cancel.scan)))

    def _at_box(self, line: Line, action: Callable[[], None]) -> None:
        if line.open_at_box:
            action()

    def _box_of(self, line: Line) -> Box | None:
        return next((box for box in self.boxes if box.line is line), None)

    def _notice(self, line: Line) -> None:
        box = self._box_of(line)
        if box is not None:
            box.lose_connection()

    def _tick(self, number: int) -> None:
        if number == self._timer:
            self.handle(ev.Tick())

    # What is told of it

    def _count(self, event: ev.Event, commands: list[ev.Command]) -> None:
        self.tally[type(event).__name__] += 1
        for command in commands:
            if isinstance(command, ev.Push):
                seen = self.watcher.scans[command.scan]
                self.tally["extra push"] += bool(seen.on)
                self.tally["fewer looks"] += command.frames < seen.frames
            if isinstance(command, ev.Settle):
                end = command.end
                about = "spot check " if self.watcher.scans[command.scan].pinned is not None else ""
                self.tally[about + ("scored" if isinstance(end, ev.Scored) else end.value)] += 1
            else:
                self.tally[type(command).__name__] += 1
        records = {box.name: self.machine.faults.record(box.name) for box in self.boxes}
        now = self.timeline.now
        aside = {name for name, record in records.items() if record is not None and now < record.aside_until_s}
        self.tally["set aside"] += len(aside - self._aside)
        self._aside = aside

    def _tell(self, event: ev.Event, commands: list[ev.Command], now: float) -> None:
        lines = [f"{now:.6f} {event!r}", *(f"    {command!r}" for command in commands)]
        self.story.extend(lines)
        self.trace.update("\n".join(lines).encode())

    def story_of(self, fault: InvariantError) -> str:
        """Return the last events, those about the scan named in the fault when there is one."""
        text = str(fault)
        named = [scan for scan in self.watcher.scans if f"({scan})" in text]
        lines = [line for line in self.story if not named or f"'{named[0]}'" in line]
        return "\n".join((text, *lines[-40:]))
