"""Results that come after their scan has timed out: real machine, real event loop, a scripted connection."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import RETURN_GRACE_S, Machine
from coordinator.hub import Hub
from coordinator.judge.scores import Scores
from coordinator.late import LateResults
from shared.messages import Lane

SCORES = Scores([[0.5]])
FRAMES = (bytes(16 * 16 * 3),)
SCORED = ev.Scored(1, "box", 1, 1, SCORES)


class Slow:
    """A connection that keeps what it is asked."""

    def __init__(self, hub: Hub) -> None:
        self.pushed: list[ev.Push] = []
        self.generation = hub.join("box", 8, self)
        hub.handle(ev.ScannerReady(self.generation))
        hub.handle(ev.LoadChanged(self.generation, 8, frames_per_s=1000.0))

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        self.pushed.append(push)

    def cancel(self, scan: str) -> None:
        """Go on: a scanner may have the scores already."""

    def fence(self) -> None:
        raise AssertionError("nobody fences it")

    def set_aside(self, reason: str) -> None:
        raise AssertionError("nobody sets it aside")


async def timed_out(hub: Hub, slow: Slow, taken: list[ev.Scored]) -> ev.Push:
    """Have a scan time out; return how it was pushed."""
    deadline_s = asyncio.get_running_loop().time() + 0.5
    end = await hub.scan(FRAMES, 16, Lane.LIVE, deadline_s, late=taken.append)
    assert end.end is ev.Shortfall.TIMED_OUT
    return slow.pushed[-1]


def make_hub() -> Hub:
    """Make a hub that expects no scanner back."""
    return Hub(Machine(now=asyncio.get_running_loop().time() - RETURN_GRACE_S))


async def test_late_result_is_passed_on_once() -> None:
    """Scores that come after the time-out reach whoever asked, with the name of the scanner; the same again do not."""
    hub, taken = make_hub(), list[ev.Scored]()
    slow = Slow(hub)
    push = await timed_out(hub, slow, taken)
    for _ in range(2):
        hub.note_result(slow.generation, push.scan, push.attempt, SCORES)
    assert taken == [ev.Scored(slow.generation, "box", push.attempt, 1, SCORES)]
    hub.close()


async def test_late_result_in_time_is_not_late() -> None:
    """A scan that came back in time has no late result, whatever comes afterwards."""
    hub, taken = make_hub(), list[ev.Scored]()
    slow = Slow(hub)
    deadline_s = asyncio.get_running_loop().time() + 5
    scanning = asyncio.create_task(hub.scan(FRAMES, 16, Lane.LIVE, deadline_s, late=taken.append))
    await asyncio.sleep(0)
    (push,) = slow.pushed
    for _ in range(2):
        hub.note_result(slow.generation, push.scan, push.attempt, SCORES)
    assert isinstance((await scanning).end, ev.Scored)
    assert taken == []
    hub.close()


async def test_late_result_of_a_scanner_that_left_counts_for_nothing() -> None:
    """A connection that is gone has no scores to give."""
    hub, taken = make_hub(), list[ev.Scored]()
    slow = Slow(hub)
    push = await timed_out(hub, slow, taken)
    hub.leave(slow.generation)
    hub.note_result(slow.generation, push.scan, push.attempt, SCORES)
    assert taken == []
    hub.close()


async def test_late_results_expire() -> None:
    """After a while nobody wants to know any more, and nothing is left of it."""
    late, taken = LateResults(keep_s=0.0), list[ev.Scored]()
    late.expect("s1", taken.append)
    await asyncio.sleep(0.01)
    assert len(late) == 0
    late.take("s1", SCORED)
    assert taken == []


async def test_late_results_closed() -> None:
    """Closed, the register holds neither takers nor timers."""
    late, taken = LateResults(keep_s=60.0), list[ev.Scored]()
    late.expect("s1", taken.append)
    late.close()
    late.take("s1", SCORED)
    assert (len(late), taken) == (0, [])
