"""Lines between scanner and coordinator that are slow, silent, stalled or gone."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.caller import upload
from tests.end_to_end.fault_proxy import FaultProxy
from tests.end_to_end.peer import Peer
from tests.end_to_end.pictures import animation, bright, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.waiting import until

MIB = 2**20
SILENCE_S = 2.0
"""A scan is with another scanner within this time of the last sign of life (issue "Dispatch, proven")."""
STALL_S = 10.0
"""The memory of a stalled peer is free again within this time (the same issue)."""


@pytest.mark.parametrize("has_received", [True, False])
async def test_silent_scanner_is_replaced_in_time(tmp_path: Path, has_received: bool) -> None:
    """When the line swallows everything, after or before the frames have arrived, another scanner has them in 2 s."""
    async with (
        Coordinator(tmp_path) as c,
        FaultProxy(port=c.public_port) as proxy,
        Peer(c, "silent", url=proxy.ws_url) as silent,
    ):
        before = proxy.bytes_up
        if not has_received:
            proxy.down.blackhole = True
        sign_s = time.monotonic()
        answer = asyncio.create_task(upload(c, bright()))
        if has_received:
            await silent.next_scan()
            await until(lambda: proxy.bytes_up > before, within_s=5, what="received has been said")
            proxy.up.blackhole = proxy.down.blackhole = True
            sign_s = time.monotonic()
        async with Peer(c, "other") as other:
            held = await other.next_scan()
            assert held.scan.attempt == 2
            await other.answer(held)
            assert (await answer).outcome == "flagged"
            print(f"re-dispatch on silence after {held.at_s - sign_s:.2f} s")
            assert held.at_s - sign_s <= SILENCE_S


async def test_stalled_scanner_is_dropped_and_its_memory_is_free(tmp_path: Path) -> None:
    """A peer that stops reading with 45 MB on its way to it is gone within 10 s, and so are those bytes."""
    uploads = 300
    async with (
        Coordinator(tmp_path) as c,
        FaultProxy(port=c.public_port) as proxy,
        Peer(c, "stalled", capacity=uploads, url=proxy.ws_url) as peer,
    ):
        coordinator = psutil.Process(c.process.pid)
        serving = asyncio.create_task(peer.serve())
        # So that it is known to be fast, and what the first uploads leave behind is there already.
        await asyncio.gather(*(upload(c, dark()) for _ in range(32)))
        serving.cancel()
        idle_bytes = coordinator.memory_info().rss
        proxy.down.zero_window = True
        answers = asyncio.gather(*(upload(c, dark()) for _ in range(uploads)))
        await until(lambda: _kept_bytes(coordinator, idle_bytes) > 5 * MIB, within_s=STALL_S, what="it stalls")
        began_s = time.monotonic()
        await until(lambda: _kept_bytes(coordinator, idle_bytes) > 30 * MIB, within_s=STALL_S, what="frames are kept")
        await c.logged(f"scanner {peer.name} left: took nothing", within_s=STALL_S)
        gone_s = time.monotonic() - began_s
        told = Counter(answer.outcome for answer in await answers)
        await until(lambda: _kept_bytes(coordinator, idle_bytes) < 20 * MIB, within_s=STALL_S, what="memory is free")
        freed_s = time.monotonic() - began_s
        print(f"stalled peer gone after {gone_s:.1f} s, its memory free after {freed_s:.1f} s; {dict(told)}")
        assert told.keys() <= {"no_scanner", "timed_out"}
        assert gone_s <= STALL_S
        assert freed_s <= STALL_S


def _kept_bytes(coordinator: psutil.Process, idle_bytes: int) -> int:
    return int(coordinator.memory_info().rss) - idle_bytes


async def test_slow_line_is_not_dropped_while_it_makes_progress(tmp_path: Path) -> None:
    """A healthy scanner behind 1 MiB/s looks at all frames of long uploads, on one connection all the time."""
    async with (
        Coordinator(tmp_path, deadline_ms=30_000) as c,
        FaultProxy(port=c.public_port) as proxy,
        Scanner(c, "slow-line", coordinator=proxy.ws_url, capacity=64),
    ):
        proxy.down.bytes_per_s = MIB
        bodies = [animation(shade) for shade in (255, 0) * 3]
        answers = await asyncio.gather(*(upload(c, body) for body in bodies))
        assert [answer.outcome for answer in answers] == ["flagged", "clean"] * 3
        assert not any(answer.report["partial"] for answer in answers)
        assert sum(answer.report["looks"] for answer in answers) >= 6 * 8
        print(f"{proxy.bytes_down / MIB:.1f} MiB in {max(answer.ms['total'] for answer in answers) / 1e3:.1f} s")
        assert proxy.accepted == 1
        assert "left" not in c.log


async def test_far_line_is_served(tmp_path: Path) -> None:
    """A line with 200 ms each way that cuts messages into small pieces serves uploads at once like any other."""
    async with (
        Coordinator(tmp_path) as c,
        FaultProxy(port=c.public_port) as proxy,
        Scanner(c, "far", coordinator=proxy.ws_url),
    ):
        proxy.up.latency_s = proxy.down.latency_s = 0.2
        proxy.down.slice_bytes = 1_400
        answers = await asyncio.gather(*(upload(c, body) for body in (bright(), dark(), bright(), dark())))
        assert [answer.outcome for answer in answers] == ["flagged", "clean", "flagged", "clean"]


async def test_half_open_line_is_fenced(tmp_path: Path) -> None:
    """A scanner that comes back while its old connection looks alive is served on the new one; the old one is closed,
    and its scan goes to another scanner at once."""
    async with (
        Coordinator(tmp_path) as c,
        FaultProxy(port=c.public_port) as proxy,
        Peer(c, "back", url=proxy.ws_url) as peer,
    ):
        answer = asyncio.create_task(upload(c, bright()))
        await peer.next_scan()
        async with Peer(c, "other") as other:
            proxy.half_open()
            async with Peer(c, peer.name, token=peer.token) as again:
                held = await other.next_scan()
                assert held.scan.attempt == 2
                await other.answer(held)
                assert (await answer).outcome == "flagged"
                assert "a newer connection" in c.log
                assert again.cancelled == []


async def test_flapping_line_is_used_whenever_it_is_there(tmp_path: Path) -> None:
    """A scanner whose line is cut and mended again and again comes back each time, and serves."""
    async with (
        Coordinator(tmp_path) as c,
        FaultProxy(port=c.public_port) as proxy,
        Scanner(c, "flapping", coordinator=proxy.ws_url) as scanner,
    ):
        for _ in range(3):
            before = c.log
            await proxy.cut()
            await c.logged(f"scanner {scanner.name} left", after=before)
            proxy.mend()
            await c.scanner_ready(scanner.name, after=before)
            assert (await upload(c, bright())).outcome == "flagged"
