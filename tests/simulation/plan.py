"""What one seed plays: boxes, lines, callers, and a random part of all faults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from coordinator.dispatch.choice import Chooser, least_busy
from shared.limits import KIB, MIB

FRAME_BYTES = 150_528


class Trouble(StrEnum):
    """A kind of fault."""

    LATENCY = "latency"
    BANDWIDTH = "bandwidth"
    BLACKHOLE_DOWN = "blackhole towards the scanner"
    BLACKHOLE_UP = "blackhole towards the coordinator"
    RESET = "reset"
    HALF_OPEN = "half-open reconnect"
    SWIZZLE = "swizzle-clog"
    KILL = "kill and restart"
    STALL = "stall with heartbeats"
    SLOW_2 = "slow x2"
    SLOW_10 = "slow x10"
    FAILURES = "failures"
    BUSY = "busy"
    LIES = "late, duplicate, old and foreign messages"
    LOST_WORK = "work forgotten"
    DRAIN = "drain"
    PAUSE = "pause"
    CAPACITY = "capacity change"
    ASLEEP = "coordinator stands still"
    CALLERS_GONE = "callers gone"


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """A scanner's machine and its line."""

    name: str
    seconds_per_frame: float
    batch_s: float
    """What every batch costs beside its frames."""
    batch: int
    capacity: int
    link_bytes_per_s: float
    latency_s: float
    warm_s: float
    tells_speed: bool
    jitter: float = 0.1
    stall_gap_s: float = 0.0
    """Mean time between two stalls of its own, beside the faults of the plan; 0 for never."""
    stall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TrafficPlan:
    """How uploads come."""

    scans_per_s: float
    burst: int
    most_frames: int
    sweep_share: float
    short_share: float
    """Share of uploads with little or no time left."""
    gone_share: float


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a seed decides beforehand."""

    boxes: tuple[BoxPlan, ...]
    traffic: TrafficPlan
    troubles: tuple[Trouble, ...]
    trouble_gap_s: float
    faulty_s: float
    grid_s: float
    timer_late_s: float
    queue_scans: int = 512
    extra_push_burst: int = 16
    chooser: Chooser = least_busy


def between(random: Random, low: float, high: float) -> float:
    """Draw so that every power of ten is equally likely."""
    return math.exp(random.uniform(math.log(low), math.log(high)))


def draw_box(random: Random, name: str) -> BoxPlan:
    """Draw a machine between a good GPU and a small VPS."""
    batch = random.choice((1, 1, 2, 8, 32))
    seconds_per_frame = between(random, 0.003, 0.8)
    return BoxPlan(
        name=name,
        seconds_per_frame=seconds_per_frame,
        batch_s=0.0 if batch == 1 else seconds_per_frame * random.uniform(0.0, 2.0),
        batch=batch,
        capacity=random.choice((1, 2, 4, 8, 16, 64)),
        link_bytes_per_s=random.choice((256 * KIB, MIB, MIB, 10 * MIB, 100 * MIB)),
        latency_s=random.choice((0.0, 0.005, 0.05, 0.2)),
        warm_s=random.choice((0.0, 0.2, 1.0)),
        tells_speed=random.random() < 0.7,
        jitter=random.choice((0.0, 0.1, 0.5)),
    )


def draw_plan(random: Random) -> Plan:
    """Draw everything of one seed."""
    boxes = tuple(draw_box(random, f"box{number}") for number in range(random.choice((1, 2, 2, 3, 3, 4, 6))))
    kinds = list(Trouble)
    troubles = tuple(random.sample(kinds, random.choice((0, 1, 2, 3, 4, 6, len(kinds)))))
    faulty_s = random.choice((6.0, 12.0, 20.0))
    scans_per_s = min(between(random, 0.5, 40.0), 70.0 / faulty_s)
    return Plan(
        boxes=boxes,
        traffic=TrafficPlan(
            scans_per_s=scans_per_s,
            burst=random.choice((1, 1, 1, 4, 30)),
            most_frames=random.choice((1, 4, 16)),
            sweep_share=random.choice((0.0, 0.2, 0.7)),
            short_share=random.choice((0.0, 0.1, 0.5)),
            gone_share=random.choice((0.0, 0.1, 0.4)) if Trouble.CALLERS_GONE in troubles else 0.0,
        ),
        troubles=troubles,
        trouble_gap_s=between(random, 0.3, 4.0),
        faulty_s=faulty_s,
        grid_s=random.choice((0.0, 0.0, 0.0, 0.05, 0.5)),
        timer_late_s=random.choice((0.0, 0.0, 0.005)),
        queue_scans=random.choice((4, 20, 512, 512)),
        extra_push_burst=random.choice((0, 2, 16)),
    )
