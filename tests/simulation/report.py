"""What each rule is worth: the same uploads at fleets of 1, 2, 3 and 10 scanners under one rule after the other."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from random import Random

from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import Machine
from shared.limits import KIB, MIB
from shared.messages import Lane
from tests.simulation.callers import USUAL_LEFT_S
from tests.simulation.choosers import make_choosers
from tests.simulation.plan import BoxPlan, Plan, TrafficPlan
from tests.simulation.world import World

FLEETS = (1, 2, 3, 10)
SCANS = 4_000
LEAST_S = 25.0
"""Uploads come for so long at least, several deadlines."""

WARM_UP_SCANS = 50
REFUSED_AT_ONCE_MS = 100.0
NO_EXTRA_PUSH = "no extra push"
FRAMES = (1,) * 17 + (4, 4, 16)
"""Looks of an upload: mostly a picture, some animations, few videos."""
MEAN_FRAMES = sum(FRAMES) / len(FRAMES)


class Scenario(StrEnum):
    """What a fleet goes through."""

    EQUAL = "(a) equal boxes"
    UNLIKE = "(b) fast and slow"
    STALLS = "(c) 1 % stalls"
    SLOW_LINE = "(d) one slow line"
    OVERLOAD = "(e) ten times overload"


class WithoutExtraPush(Machine):
    """The machine without its one extra push."""

    def _push_extra(self, now: float) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one rule at one fleet in one scenario."""

    scenario: Scenario
    fleet: int
    rule: str
    p50_ms: float
    p99_ms: float
    p999_ms: float
    answered: float
    """Share of uploads that came back with scores."""
    goodput: float
    """Frames of results that came in time, over what the fleet can compute in that time."""
    looks: float
    """Looks that were had, over those asked for, of the uploads that came back."""
    extra: float
    """Extra pushes per upload."""
    refused_late: float
    """Share of refusals that came later than 100 ms after the upload."""

    def __str__(self) -> str:
        return (
            f"{self.scenario:24}{self.fleet:3}  {self.rule:22}{self.p50_ms:8.0f}{self.p99_ms:8.0f}{self.p999_ms:8.0f}"
            f"{self.answered:9.2%}{self.goodput:9.1%}{self.looks:8.1%}{self.extra:8.2%}{self.refused_late:9.2%}"
        )


HEADER = (
    f"{'scenario':24}{'n':>3}  {'rule':22}{'p50 ms':>8}{'p99 ms':>8}{'p99.9':>8}"
    f"{'answered':>9}{'goodput':>9}{'looks':>8}{'extra':>8}{'ref. late':>10}"
)


def boxes_of(scenario: Scenario, fleet: int) -> tuple[BoxPlan, ...]:
    """Return the boxes of a fleet: home GPUs with 10 frames a second, or two with 40 beside some with 2."""
    usual = BoxPlan(
        name="box0",
        seconds_per_frame=0.1,
        batch_s=0.0,
        batch=4,
        capacity=32,
        link_bytes_per_s=4.0 * MIB,
        latency_s=0.02,
        warm_s=0.0,
        tells_speed=False,
        jitter=0.0,
    )
    boxes = [replace(usual, name=f"box{number}") for number in range(fleet)]
    if scenario is Scenario.UNLIKE:
        fast = max(fleet // 5, 1)
        boxes = [
            replace(box, seconds_per_frame=0.025, batch=16, capacity=64)
            if number < fast
            else replace(box, seconds_per_frame=0.5, batch=2, capacity=8)
            for number, box in enumerate(boxes)
        ]
    elif scenario is Scenario.STALLS:
        boxes = [replace(box, stall_gap_s=33.0, stall_s=5.0) for box in boxes]
    elif scenario is Scenario.SLOW_LINE:
        boxes[0] = replace(boxes[0], link_bytes_per_s=256.0 * KIB)
    return tuple(boxes)


LOAD = {
    Scenario.EQUAL: 0.6,
    Scenario.UNLIKE: 0.6,
    Scenario.STALLS: 0.3,
    Scenario.SLOW_LINE: 0.5,
    Scenario.OVERLOAD: 10.0,
}
"""Frames that come, over frames that the fleet can compute."""


def measure(
    scenario: Scenario,
    fleet: int,
    rule: str,
    *,
    make: Callable[..., Machine] = Machine,
    chooser: str = "least busy",
    scans: int = SCANS,
    seed: int = 1,
) -> Row:
    """Play one scenario and return its figures."""
    boxes = boxes_of(scenario, fleet)
    traffic = TrafficPlan(scans_per_s=0.0, burst=1, most_frames=1, sweep_share=0.0, short_share=0.0, gone_share=0.0)
    plan = Plan(boxes, traffic, (), 1.0, 0.0, 0.0, 0.0, chooser=make_choosers()[chooser](seed))
    world = World(plan, Random(seed), make=make, validates=False)
    for box in world.boxes:
        box.connect()
    frames_per_s = sum(1.0 / box.seconds_per_frame for box in boxes)
    gap_s = MEAN_FRAMES / (LOAD[scenario] * frames_per_s)
    uploads = Random(seed + 1)
    at_s = 0.5
    for _ in range(max(scans, int(LEAST_S / gap_s))):
        at_s += uploads.expovariate(1.0 / gap_s)
        frames = uploads.choice(FRAMES)
        world.timeline.at(at_s, partial(world.submit, Lane.LIVE, frames, USUAL_LEFT_S))
    while world.timeline.step(at_s):
        pass
    world.is_over = True
    while world.timeline.step(at_s + 2 * USUAL_LEFT_S):
        pass
    return _row(world, scenario, fleet, rule, frames_per_s)


def _row(world: World, scenario: Scenario, fleet: int, rule: str, frames_per_s: float) -> Row:
    seen = list(world.watcher.scans.values())[WARM_UP_SCANS:]
    scored = [(scan, scan.end) for scan in seen if isinstance(scan.end, ev.Scored)]
    took_ms = sorted(1e3 * (scan.ended_s - scan.submitted_s) for scan, _ in scored)
    done = sum(end.frames for _, end in scored)
    first_s, last_s = seen[0].submitted_s + USUAL_LEFT_S, seen[-1].submitted_s
    steady = sum(end.frames for scan, end in scored if first_s <= scan.ended_s < last_s)
    refused = [1e3 * (s.ended_s - s.submitted_s) for s in seen if s.end is ev.Shortfall.OVERLOADED]

    def percentile(share: float) -> float:
        return took_ms[min(int(share * len(took_ms)), len(took_ms) - 1)]

    return Row(
        scenario=scenario,
        fleet=fleet,
        rule=rule,
        p50_ms=percentile(0.5),
        p99_ms=percentile(0.99),
        p999_ms=percentile(0.999),
        answered=len(scored) / len(seen),
        goodput=steady / (frames_per_s * (last_s - first_s)),
        looks=done / sum(scan.frames for scan, _ in scored),
        extra=world.watcher.extra_pushes / len(world.watcher.scans),
        refused_late=sum(ms > REFUSED_AT_ONCE_MS for ms in refused) / max(len(refused), 1),
    )


def rows(*, fleets: tuple[int, ...] = FLEETS, scans: int = SCANS, processes: int | None = None) -> Iterator[Row]:
    """Yield the whole table."""
    rules = [*make_choosers(), NO_EXTRA_PUSH]
    cells = [(scenario, fleet, rule, scans) for scenario in Scenario for fleet in fleets for rule in rules]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=context) as pool:
        yield from pool.map(_measure_cell, cells)


def _measure_cell(cell: tuple[Scenario, int, str, int]) -> Row:
    scenario, fleet, rule, scans = cell
    if rule == NO_EXTRA_PUSH:
        return measure(scenario, fleet, rule, make=WithoutExtraPush, scans=scans)
    return measure(scenario, fleet, rule, chooser=rule, scans=scans)
