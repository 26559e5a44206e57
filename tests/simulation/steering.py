"""An admin who holds scanners for a while, and wants some to be tried: in every third seed."""

from __future__ import annotations

from random import Random

from coordinator.dispatch import events as ev
from tests.simulation.box import Box
from tests.simulation.world import World

EVERY = 3
GAP_S = 1.5
HOLDS_S = (0.3, 1.0, 4.0, 1e6)


class Admin:
    """Draws from a source of its own, so that the faults of a seed stay what they were."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = Random(f"admin {seed}")
        self._is_there = seed % EVERY == 0
        self._held: set[str] = set()

    def begin(self) -> None:
        """Come back after a while, again and again."""
        if self._is_there:
            self._world.timeline.after(self._random.expovariate(1.0 / GAP_S), self._act)

    def end(self) -> None:
        """Let everybody go, and touch nothing any more."""
        self._is_there = False
        for name in sorted(self._held):
            self._let_go(name)

    def _act(self) -> None:
        if not self._is_there:
            return
        box = self._random.choice(self._world.boxes)
        if self._random.random() < 0.3:
            self._world.handle(ev.ScannerForgiven(box.plan.name))
        elif box.plan.name not in self._held:
            self._hold(box)
        self.begin()

    def _hold(self, box: Box) -> None:
        name = box.plan.name
        self._held.add(name)
        self._world.handle(ev.ScannerHeld(name, True))
        self._world.timeline.after(self._random.choice(HOLDS_S), lambda: self._let_go(name))

    def _let_go(self, name: str) -> None:
        if name in self._held:
            self._held.discard(name)
            self._world.handle(ev.ScannerHeld(name, False))
