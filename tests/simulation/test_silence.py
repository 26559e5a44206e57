"""How soon a scan is elsewhere when its scanner breaks."""

from __future__ import annotations

from random import Random

import pytest

from coordinator.dispatch import events as ev
from shared.limits import MIB
from shared.messages import Lane
from tests.simulation.plan import BoxPlan, Plan, TrafficPlan, Trouble
from tests.simulation.troubles import Troubles
from tests.simulation.world import World

MOST_SILENCE_S = 2.0
BREAKS_S = 5.0


def play(trouble: Trouble, *, frames: int) -> tuple[float, float]:
    """Let one of two scanners break just after a push; return its last sign of life and the time of the second push."""
    boxes = tuple(
        BoxPlan(
            name=f"box{number}",
            seconds_per_frame=0.1,
            batch_s=0.0,
            batch=4,
            capacity=32,
            link_bytes_per_s=10.0 * MIB,
            latency_s=0.02,
            warm_s=0.0,
            tells_speed=True,
        )
        for number in range(2)
    )
    traffic = TrafficPlan(scans_per_s=1.0, burst=1, most_frames=1, sweep_share=0.0, short_share=0.0, gone_share=0.0)
    world = World(Plan(boxes, traffic, (trouble,), 1e9, 0.0, 0.0, 0.0), Random(1))
    world.tells = True
    for box in world.boxes:
        box.connect()
    for number in range(20):
        world.timeline.at(0.1 + 0.2 * number, lambda: world.submit(Lane.LIVE, 1, 7.5))
    run(world, BREAKS_S)
    scan = world.submit(Lane.LIVE, frames, 7.5)
    run(world, BREAKS_S + 0.01)
    (generation,) = world.watcher.scans[scan].on
    box = next(box for box in world.boxes if box.line is world.lines[generation])
    Troubles(world).act(trouble, box)
    last_sign_s = BREAKS_S
    while world.watcher.scans[scan].attempts < 2:
        assert world.timeline.step(BREAKS_S + 7.5)
        if isinstance(world.last_event, ev.FramesReceived | ev.FramesDone):
            last_sign_s = world.timeline.now
    pushed_s = world.timeline.now
    run(world, BREAKS_S + 8.0)
    assert isinstance(world.watcher.scans[scan].end, ev.Scored)
    return last_sign_s, pushed_s


def run(world: World, until_s: float) -> None:
    """Let time pass."""
    while world.timeline.step(until_s):
        pass


@pytest.mark.parametrize("frames", [1, 4])
@pytest.mark.parametrize("trouble", [Trouble.BLACKHOLE_DOWN, Trouble.BLACKHOLE_UP, Trouble.STALL, Trouble.LOST_WORK])
def test_silence_is_noticed_in_time(trouble: Trouble, frames: int) -> None:
    """The scan is with another scanner 2 s after the last sign of life, and answered."""
    last_sign_s, pushed_s = play(trouble, frames=frames)
    assert pushed_s - last_sign_s <= MOST_SILENCE_S


def test_reset_is_noticed_at_once() -> None:
    """A connection that breaks hands its scan on in the same moment."""
    _, pushed_s = play(Trouble.RESET, frames=4)
    assert pushed_s - BREAKS_S <= 0.011
