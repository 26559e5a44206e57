"""The hub carries out what the machine says: real machine, real event loop, a scripted connection."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import RETURN_GRACE_S, Machine
from coordinator.hub import Hub, ScanEnd
from coordinator.judge.scores import Scores
from shared.messages import FailureKind, Lane

SCORES = Scores([[0.5]])
FRAMES = (bytes(16 * 16 * 3),)


class Recorder:
    """A connection that writes down what it is asked."""

    def __init__(self) -> None:
        self.pushes: list[ev.Push] = []
        self.frames: list[Sequence[bytes]] = []
        self.cancelled: list[str] = []
        self.fenced = False
        self.aside = ""

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        self.pushes.append(push)
        self.frames.append(frames)

    def cancel(self, scan: str) -> None:
        self.cancelled.append(scan)

    def fence(self) -> None:
        self.fenced = True

    def set_aside(self, reason: str) -> None:
        self.aside = reason


def make_hub() -> Hub:
    """Make a hub that expects no scanner back."""
    return Hub(Machine(now=asyncio.get_running_loop().time() - RETURN_GRACE_S))


def add_scanner(hub: Hub, name: str = "box") -> tuple[Recorder, int]:
    """Join a scanner and make it ready."""
    connection = Recorder()
    generation = hub.join(name, 8, connection)
    hub.handle(ev.ScannerReady(generation))
    return connection, generation


async def begin(hub: Hub, *, left_s: float = 5.0) -> asyncio.Task[ScanEnd]:
    """Begin a scan and let the hub push it."""
    deadline_s = asyncio.get_running_loop().time() + left_s
    task = asyncio.create_task(hub.scan(FRAMES, 16, Lane.LIVE, deadline_s))
    await asyncio.sleep(0)
    return task


async def test_hub_scan_returns_the_scores() -> None:
    """A scan is pushed with its frames, and its scores end the wait; nothing is left behind."""
    hub = make_hub()
    connection, generation = add_scanner(hub)
    scanning = await begin(hub)
    (push,) = connection.pushes
    assert connection.frames == [FRAMES]
    hub.note_received(generation, push.scan, push.attempt)
    hub.note_result(generation, push.scan, push.attempt, SCORES)
    end = await scanning
    assert end.end == ev.Scored(generation, "box", 1, 1, SCORES)
    assert (hub.scans_open, hub.machine.scans) == (0, {})
    hub.close()


async def test_hub_scan_without_scanner_ends_at_once() -> None:
    """Nobody there: the scan ends without waiting for its deadline."""
    hub = make_hub()
    end = await asyncio.wait_for(hub.scan(FRAMES, 16, Lane.LIVE, asyncio.get_running_loop().time() + 60), 1)
    assert end.end is ev.Shortfall.NO_SCANNER
    assert not hub.has_ready_scanner
    hub.close()


async def test_hub_deadline_ends_the_scan() -> None:
    """The hub's timer wakes the machine at the deadline."""
    hub = make_hub()
    _, generation = add_scanner(hub)
    hub.handle(ev.LoadChanged(generation, 8, frames_per_s=1000.0))
    end = await asyncio.wait_for(await begin(hub, left_s=0.5), 2)
    assert end.end is ev.Shortfall.TIMED_OUT
    hub.close()


async def test_hub_cancelled_scan_is_cancelled_at_the_scanner() -> None:
    """The caller leaves: the scanner is told, and nothing is left behind."""
    hub = make_hub()
    connection, _ = add_scanner(hub)
    scanning = await begin(hub)
    scanning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scanning
    assert connection.cancelled == [connection.pushes[0].scan]
    assert (hub.scans_open, hub.machine.scans) == (0, {})
    hub.close()


async def test_hub_scan_of_a_lost_scanner_goes_elsewhere() -> None:
    """A connection ends: its scan is pushed to the other scanner in the same step."""
    hub = make_hub()
    _lost, generation = add_scanner(hub)
    scanning = await begin(hub)
    other, other_generation = add_scanner(hub, "other")
    hub.leave(generation)
    (push,) = other.pushes
    assert push.attempt == 2
    hub.handle(ev.PushFailed(other_generation, push.scan, push.attempt, FailureKind.INTERNAL))
    assert (await scanning).end is ev.Shortfall.SCANNER_FAULT
    hub.close()


async def test_hub_newer_connection_fences_the_older() -> None:
    """The same scanner comes back while its old connection looks alive: the old one is closed."""
    hub = make_hub()
    old, old_generation = add_scanner(hub)
    add_scanner(hub)
    assert old.fenced
    hub.leave(old_generation)
    assert repr(hub) == "<Hub connections=1 waiting=0 scanners=1 scans=0 pushes=0>"
    hub.close()


async def test_hub_scanner_ready_waits_for_a_scanner_that_takes_scans() -> None:
    """A scanner that is warming up, or paused, is not waited for in vain: the wait ends when one takes scans."""
    hub = make_hub()
    waiting = asyncio.create_task(hub.scanner_ready())
    generation = hub.join("box", 8, Recorder())
    await asyncio.sleep(0)
    assert not waiting.done()
    hub.handle(ev.ScannerReady(generation))
    await asyncio.wait_for(waiting, 1)

    hub.handle(ev.LoadChanged(generation, 0))
    again = asyncio.create_task(hub.scanner_ready())
    await asyncio.sleep(0)
    assert not again.done()
    hub.handle(ev.LoadChanged(generation, 8))
    await asyncio.wait_for(again, 1)
    hub.close()
