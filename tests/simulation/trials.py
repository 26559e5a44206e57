"""An admin who has scanners tested while they serve: in every sixth seed."""

from __future__ import annotations

from random import Random

from tests.simulation.world import World

EVERY, FIRST = 6, 3
GAP_S = 0.5
TAKES_S = (0.01, 0.3, 2.0)


class Trials:
    """Draws from a source of its own, so that the faults of a seed stay what they were."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = Random(f"trials {seed}")
        self._are_on = seed % EVERY == FIRST

    def begin(self) -> None:
        """Test somebody after a while, again and again."""
        if self._are_on:
            self._world.timeline.after(self._random.expovariate(1.0 / GAP_S), self._act)

    def end(self) -> None:
        """Test nobody any more."""
        self._are_on = False

    def _act(self) -> None:
        if self._are_on:
            self._world.test(self._random.choice(self._world.boxes), self._random.choice(TAKES_S))
            self.begin()
