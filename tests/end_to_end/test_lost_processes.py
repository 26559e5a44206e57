"""Processes that are killed or stopped: scanners, limited processes, coordinators."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.caller import slow_caller, upload
from tests.end_to_end.fault_proxy import FaultProxy
from tests.end_to_end.peer import FRAME_BYTES, Peer
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.waiting import until


def limited_processes(coordinator: Coordinator) -> set[int]:
    """Return the limited processes of a coordinator, by their ids."""
    return {child.pid for child in psutil.Process(coordinator.process.pid).children()}


async def test_scanner_stopped_in_mid_scan_is_replaced_by_another(tmp_path: Path) -> None:
    """The scan of a scanner that stands still is answered by another; once it goes on, it serves again."""
    async with (
        Coordinator(tmp_path) as c,
        FaultProxy(port=c.public_port) as proxy,
        Scanner(c, "still", coordinator=proxy.ws_url, null_ms_per_frame=500) as still,
    ):
        # It was asked frames of noise before: what counts is what comes on top of these.
        before = proxy.bytes_down
        answer = asyncio.create_task(upload(c, bright()))
        await until(lambda: proxy.bytes_down > before + FRAME_BYTES, within_s=10, what="the frame is at the scanner")
        still.send(signal.SIGSTOP)
        async with Peer(c, "other") as other:
            held = await other.next_scan()
            assert held.scan.attempt == 2
            await other.answer(held)
            assert (await answer).outcome == "flagged"
        still.send(signal.SIGCONT)
        assert (await upload(c, dark())).outcome == "clean"
        assert proxy.accepted == 1


async def test_limited_processes_killed_while_idle_are_replaced(tmp_path: Path) -> None:
    """When all limited processes are killed, others take their place, and the next upload is looked at."""
    async with Coordinator(tmp_path) as c, Peer(c, "one") as peer:
        serving = asyncio.create_task(peer.serve())
        before = limited_processes(c)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        assert (await upload(c, bright())).outcome == "flagged"
        await until(lambda: len(limited_processes(c)) == len(before), within_s=10, what="all are replaced")
        assert not before & limited_processes(c)
        serving.cancel()


@pytest.mark.parametrize(
    ("killed", "outcome"),
    [pytest.param(True, "clean", id="killed"), pytest.param(False, "timed_out", id="stopped")],
)
async def test_limited_process_lost_before_it_began_costs_at_most_its_upload(
    tmp_path: Path, killed: bool, outcome: str
) -> None:
    """A process that ends before it began costs nothing; one that stands still costs its upload, within its time."""
    async with Coordinator(tmp_path, cutter_wall_ms=1500) as c, Peer(c, "one") as peer:
        serving = asyncio.create_task(peer.serve())
        before = limited_processes(c)
        for pid in before:
            os.kill(pid, signal.SIGSTOP)
        await until(
            lambda: all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in before),
            within_s=10,
            what="they stand still",
        )
        began_s = time.monotonic()
        async with AsyncExitStack() as stack:
            callers = [await stack.enter_async_context(slow_caller(c)) for _ in before]
            for caller in callers:
                await caller.send(dark())
                await caller.finish()
            # Refused at once, but after the uploads before it were given to processes.
            assert (await upload(c, b"no picture")).status == 415
            if killed:
                for pid in before:
                    os.kill(pid, signal.SIGKILL)
            assert [(await caller.answer()).outcome for caller in callers] == [outcome] * len(before)
        assert time.monotonic() - began_s < 4
        assert (await upload(c, bright())).outcome == "flagged"
        assert not before & limited_processes(c)
        serving.cancel()


async def test_coordinator_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    """When a coordinator is killed, its callers see it at once, its limited processes end, and scanners come back."""
    async with Coordinator(tmp_path) as c, Scanner(c, "one"), slow_caller(c) as caller:
        await caller.send(dark())
        children = limited_processes(c)
        before = c.log
        assert await c.stop(signal.SIGKILL) == -signal.SIGKILL
        with pytest.raises((ConnectionError, EOFError)):
            await caller.answer()
        await until(lambda: not any(map(psutil.pid_exists, children)), within_s=5, what="limited processes end")
        await c.start()
        await c.scanner_ready("one", after=before)
        assert (await upload(c, bright())).outcome == "flagged"


@pytest.mark.parametrize(("deadline_ms", "outcome"), [(8000, "flagged"), (1500, "timed_out")])
async def test_coordinator_stopped_for_a_while_goes_on(tmp_path: Path, deadline_ms: int, outcome: str) -> None:
    """A coordinator that stood still for two seconds answers what was in flight, late or not, and serves on."""
    async with Coordinator(tmp_path, deadline_ms=deadline_ms) as c, Peer(c, "one") as peer:
        answer = asyncio.create_task(upload(c, bright()))
        held = await peer.next_scan()
        c.send(signal.SIGSTOP)
        await asyncio.sleep(2)
        if outcome == "flagged":
            await peer.answer(held)
        c.send(signal.SIGCONT)
        assert (await answer).outcome == outcome
        if outcome == "timed_out":
            # Late: it changes nothing but that the scanner is not waited for any longer.
            await peer.answer(held)
        serving = asyncio.create_task(peer.serve())
        # Until the late result is in, the scanner counts as busy with a scan that took longer than a deadline.
        async with asyncio.timeout(10):
            while (await upload(c, dark())).outcome != "clean":
                pass
        serving.cancel()
