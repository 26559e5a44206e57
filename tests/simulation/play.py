"""One seed: faults on, only safety counts; faults off, everything works again; at the end nothing is left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from coordinator.dispatch import events as ev
from coordinator.dispatch.invariants import InvariantError
from coordinator.dispatch.machine import EXTRA_PUSH_SHARE, Machine
from shared.messages import Lane
from tests.simulation.box import Box
from tests.simulation.callers import Callers
from tests.simulation.plan import Plan, draw_plan
from tests.simulation.steering import Admin
from tests.simulation.trials import Trials
from tests.simulation.troubles import Troubles
from tests.simulation.world import World

USED_AGAIN_S = 5.0
"""A scanner that could work is given work within this time."""

PROBE_GAP_S = 0.25
LONGEST_PROBE_S = 120.0
LONGEST_REST_S = 600.0
EASY_LEFT_S = 30.0
LAST_SCANS = 3


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a seed."""

    seed: int
    events: int
    tally: Counter[str]
    trace: str
    fault: str
    """Empty when every promise was kept, otherwise what broke and the story of the scan."""


class Play:
    """Play one seed with one machine."""

    def __init__(self, seed: int, *, make: Callable[..., Machine] = Machine, plan: Plan | None = None) -> None:
        self.seed = seed
        random = Random(seed)
        self.world = World(plan or draw_plan(random), random, make=make)
        self._troubles = Troubles(self.world)
        self._admin = Admin(self.world, seed)
        self._trials = Trials(self.world, seed)
        self._callers = Callers(self.world)
        self._usable_since: dict[str, float] = {}

    def run(self, *, tells: bool = False) -> Played:
        """Play to the end or to the first broken promise. With `tells` the trace is hashed and the story kept."""
        world = self.world
        world.tells = tells
        fault = ""
        try:
            self._play()
        except InvariantError as broken:
            fault = world.story_of(broken) if tells else str(broken)
        return Played(self.seed, world.events, world.tally, world.trace.hexdigest(), fault)

    def _play(self) -> None:
        world = self.world
        for box in world.boxes:
            world.timeline.after(world.random.choice((0.0, 0.0, 1.0, 4.0)), box.connect)
        self._callers.begin()
        self._troubles.begin()
        self._admin.begin()
        self._trials.begin()
        while world.timeline.step(world.plan.faulty_s):
            pass
        self._admin.end()
        self._trials.end()
        self._troubles.end()
        self._callers.stop()
        self._probe_all()
        self._ask_last()
        self._rest()

    def _probe_all(self) -> None:
        """Let a little traffic come until every live box was given work, or had 5 s in which it could have been."""
        world = self.world
        world.probe.used.clear()
        world.probe.probing = True
        end_s = world.timeline.now + LONGEST_PROBE_S
        while not all(box.name in world.probe.used for box in world.boxes):
            world.hold(world.timeline.now < end_s, "a live scanner was not used again: " + ", ".join(self._unused()))
            self._hold_used_soon()
            world.submit(Lane.LIVE, 1, EASY_LEFT_S)
            self._run_for(PROBE_GAP_S)
        world.probe.probing = False

    def _hold_used_soon(self) -> None:
        now = self.world.timeline.now
        usable = {scanner.scanner for scanner in self.world.machine.usable(now)}
        for box in self.world.boxes:
            if box.name in self.world.probe.used or not box.is_free or self._is_aside(box, now):
                self._usable_since.pop(box.name, None)
            since_s = self._usable_since.setdefault(box.name, now) if box.is_free else now
            fault = f"{box.name} is free and was not used for 5 s ({'' if box.name in usable else 'not '}usable)"
            self.world.hold(now - since_s <= USED_AGAIN_S or box.name in self.world.probe.used, fault)

    def _is_aside(self, box: Box, now: float) -> bool:
        return self.world.machine.faults.is_aside(box.name, now)

    def _unused(self) -> list[str]:
        return [box.name for box in self.world.boxes if box.name not in self.world.probe.used]

    def _run_for(self, seconds: float) -> None:
        until_s = self.world.timeline.now + seconds
        while self.world.timeline.step(until_s):
            pass

    def _ask_last(self) -> None:
        """Once all works again, an upload is looked at."""
        world = self.world
        limit_s = world.timeline.now + LONGEST_REST_S
        while (world.machine.scans or not all(box.is_free for box in world.boxes)) and world.timeline.now < limit_s:
            self._run_for(1.0)
        for _ in range(LAST_SCANS):
            scan = world.submit(Lane.LIVE, 1, EASY_LEFT_S)
            self._run_for(1.0)
            while world.watcher.scans[scan].is_open:
                self._run_for(1.0)
            end = world.watcher.scans[scan].end
            world.hold(isinstance(end, ev.Scored), f"{end} although all works", scan)

    def _rest(self) -> None:
        """Nothing comes any more: nothing may be left over."""
        world = self.world
        world.is_over = True
        self._run_for(EASY_LEFT_S)
        left_open = [seen.scan for seen in world.watcher.scans.values() if seen.is_open]
        world.hold(not left_open, "never answered", *left_open[:1])
        world.handle(ev.Tick())
        machine = world.machine
        world.hold(not machine.scans, "scans are left over")
        world.hold(not any(machine.queues.values()), "the queues are not empty")
        world.hold(not any(scanner.pushes for scanner in machine.scanners.values()), "pushes are left over")
        world.hold(len(machine.scanners) == len(world.boxes), "scanners are left over")
        sizes = {name: len(value) for name, value in vars(machine).items() if hasattr(value, "__len__")}
        left = {name: size for name, size in sizes.items() if size and name not in ("_handlers", "_commands", "queues")}
        world.hold(not left, f"left over: {left}")
        most = world.plan.extra_push_burst + EXTRA_PUSH_SHARE * machine.submitted
        world.hold(world.watcher.extra_pushes <= most + 1, "too many extra pushes")
