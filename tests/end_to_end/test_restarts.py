"""Coordinators that stop, and come back."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import httpx2
import pytest

from shared.close_codes import CloseCode
from tests.end_to_end.caller import slow_caller, upload
from tests.end_to_end.peer import Peer
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.waiting import INTERVAL_S

BACK_S = 5.0
"""Scanners are back within this time after a restart (issue "First light")."""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
async def test_restart_brings_the_scanners_back(tmp_path: Path, signum: signal.Signals) -> None:
    """After a coordinator was stopped or killed and started again, a scanner is back within 5 s, by itself."""
    async with Coordinator(tmp_path) as c, Scanner(c, "one"):
        before = c.log
        assert await c.stop(signum) == (0 if signum is signal.SIGTERM else -signal.SIGKILL)
        await c.start()
        serving_s = time.monotonic()
        await c.scanner_ready("one", after=before, within_s=BACK_S)
        print(f"back after {time.monotonic() - serving_s:.2f} s")
        assert (await upload(c, bright())).outcome == "flagged"


async def in_flight(c: Coordinator, client: httpx2.AsyncClient, uploads: int) -> None:
    """Wait until the coordinator has so many uploads on their way."""
    async with asyncio.timeout(10):
        while True:
            if f"fediward_uploads_in_flight {uploads}.0" in (await client.get(f"{c.public_url}/metrics")).text:
                return
            await asyncio.sleep(INTERVAL_S)


async def test_stop_answers_what_is_in_flight(tmp_path: Path) -> None:
    """SIGTERM with uploads in flight: all get their verdict, new ones are answered unseen, scanners are sent away."""
    async with (
        Coordinator(tmp_path, metrics_networks="127.0.0.0/8") as c,
        Peer(c, "one") as peer,
        httpx2.AsyncClient(verify=False) as client,
    ):
        uploads = [asyncio.create_task(upload(c, body)) for body in (bright(), dark(), bright())]
        scans = [await peer.next_scan() for _ in uploads]
        async with slow_caller(c) as caller:
            body = bright()
            await caller.send(body[:60])
            await in_flight(c, client, 4)
            c.send(signal.SIGTERM)
            await c.logged("stopping: 4 uploads on their way")
            assert (await client.get(f"{c.public_url}/readyz")).text == "stopping\n"
            late = await upload(c, dark())
            assert (late.status, late.outcome) == (200, "overloaded")
            await caller.send(body[60:])
            await caller.finish()
            for held in [*scans, await peer.next_scan()]:
                await peer.answer(held)
            assert (await caller.answer()).outcome == "flagged"
        assert [(await told).outcome for told in uploads] == ["flagged", "clean", "flagged"]
        assert (await peer.closed())[0] == CloseCode.COME_BACK
        assert await c.ended() == 0


async def test_stop_does_not_wait_longer_than_the_deadline(tmp_path: Path) -> None:
    """SIGTERM with a scan that no scanner answers: the upload is answered by its deadline, and the coordinator ends."""
    async with Coordinator(tmp_path, deadline_ms=1500) as c, Peer(c, "silent") as peer:
        told = asyncio.create_task(upload(c, dark()))
        await peer.next_scan()
        c.send(signal.SIGTERM)
        assert (await told).outcome == "timed_out"
        assert await c.ended(within_s=5) == 0


async def test_second_signal_ends_at_once(tmp_path: Path) -> None:
    """A second SIGTERM ends a coordinator that is still draining."""
    async with Coordinator(tmp_path) as c, Peer(c, "silent") as peer:
        told = asyncio.create_task(upload(c, dark()))
        await peer.next_scan()
        c.send(signal.SIGTERM)
        await c.logged("stopping: 1 uploads")
        c.send(signal.SIGTERM)
        assert await c.ended(within_s=3) == 130
        await asyncio.wait({told})
        assert told.exception() is not None


async def test_second_coordinator_on_the_same_port_ends(tmp_path: Path) -> None:
    """A coordinator whose port is taken ends with exit code 2 and one sentence, and the first one serves on."""
    async with Coordinator(tmp_path) as c:
        for variable, bind in (("HOOK_BIND", c.hook_port), ("PUBLIC_BIND", c.public_port)):
            second = Coordinator(tmp_path, f"second-{variable}", **{variable.lower(): f"127.0.0.1:{bind}"})
            second.launch()
            assert await second.ended() == 2
            said = [line for line in second.log.splitlines() if "coordinator.commands.serve" not in line]
            assert said == [f"FEDIWARD_{variable}: cannot listen on 127.0.0.1:{bind}: Address already in use."]
        assert (await upload(c, b"nothing")).status == 415
