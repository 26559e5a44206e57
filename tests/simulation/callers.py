"""Who submits uploads: alone and in bursts, of both lanes, with much time or none, some of whom go away."""

from __future__ import annotations

from functools import partial
from random import Random

from shared.messages import Lane
from tests.simulation.world import World

USUAL_LEFT_S = 7.5
SPOT_CHECKS_PER_S = 2.0


class Callers:
    """Submit scans, and spot checks, until told to stop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        # From a source of its own, so that uploads come at the same times whatever is checked.
        self._checks = Random(str(world.plan.boxes))
        self._stops = False

    def begin(self) -> None:
        """Start with the first upload after a while."""
        self._next()
        self._spot_check_later()

    def stop(self) -> None:
        """Submit nothing any more."""
        self._stops = True

    def _next(self) -> None:
        traffic = self._world.plan.traffic
        wait_s = self._random.expovariate(traffic.scans_per_s / (1 + (traffic.burst - 1) / 4))
        self._world.timeline.after(wait_s, self._submit)

    def _submit(self) -> None:
        if self._stops:
            return
        traffic = self._world.plan.traffic
        for _ in range(traffic.burst if self._random.random() < 0.25 else 1):
            lane = Lane.SWEEP if self._random.random() < traffic.sweep_share else Lane.LIVE
            left_s = USUAL_LEFT_S if lane is Lane.LIVE else 20.0
            if self._random.random() < traffic.short_share:
                left_s = self._random.choice((0.0, 0.001, 0.3, 2.0))
            scan = self._world.submit(lane, self._random.randint(1, traffic.most_frames), left_s)
            if self._random.random() < traffic.gone_share:
                self._world.timeline.after(self._random.uniform(0.0, 3.0), partial(self._world.abandon, scan))
        self._next()

    def _spot_check_later(self) -> None:
        self._world.timeline.after(self._checks.expovariate(SPOT_CHECKS_PER_S), self._spot_check)

    def _spot_check(self) -> None:
        if self._stops:
            return
        self._spot_check_later()
        # Of those that are gone, too: between the choice and the check a scanner may leave.
        generation = self._checks.randint(1, self._world.generations + 1)
        takers = [taker.generation for taker in self._world.machine.spot_checks.takers(self._world.timeline.now)]
        if takers and self._checks.random() < 0.8:
            generation = self._checks.choice(takers)
        scan = self._world.spot_check(generation, self._checks.choice((1, 2)), self._checks.choice((0.0, 0.3, 10.0)))
        if self._checks.random() < 0.1:
            self._world.timeline.after(self._checks.uniform(0.0, 0.5), partial(self._world.abandon, scan))
