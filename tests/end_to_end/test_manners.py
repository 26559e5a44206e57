"""Scanners that step aside for the people at their machines, as real processes beside a real coordinator."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path

import httpx2

from coordinator.dispatch.machine import RETURN_GRACE_S
from scanner.manners.gpu import BACK_AFTER_S
from tests.end_to_end.caller import upload
from tests.end_to_end.pictures import BRIGHT, animation, bright, dark
from tests.end_to_end.processes import Coordinator, Process, Scanner

BY_HAND = "takes no new scans: paused on its machine"

AT_ONCE_S = 1.0
"""Well below RETURN_GRACE_S, for which an upload would wait for a scanner that is expected back."""

DRIVER = f"""\
# In the place of nvidia-ml-py: one card, whose use stands in a file beside this one.
import pathlib, types
class NVMLError(Exception): pass
class NVMLError_NotSupported(NVMLError): pass
class NVMLError_NotFound(NVMLError): pass
class NVMLError_NoPermission(NVMLError): pass
def nvmlInit(): pass
def nvmlShutdown(): pass
def nvmlDeviceGetCount(): return 1
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetUtilizationRates(card):
    share = pathlib.Path({"gpu"!r}).read_text()
    if share == "lost":
        raise NVMLError("GPU is lost")
    return types.SimpleNamespace(gpu=int(share))
def nvmlDeviceGetProcessUtilization(card, since_us): raise NVMLError_NotSupported
def nvmlDeviceGetComputeRunningProcesses(card): raise NVMLError_NotSupported
"""


def state_dir(c: Coordinator, name: str) -> Path:
    """Return the folder in which a scanner finds its orders."""
    return c.folder / f"{name}-state"


def manners(c: Coordinator, name: str, **settings: str) -> Scanner:
    """Return a scanner that takes orders in a folder of its own."""
    return Scanner(c, name, state_dir=state_dir(c, name), **settings)


async def order(c: Coordinator, name: str, *arguments: str) -> None:
    """Give a command at a scanner's machine, and wait until the coordinator has heard what came of it."""
    before = c.log
    command = Process(
        c.folder, "order", "-m", "scanner", *arguments, "--state-dir", str(state_dir(c, name)), settings={}
    )
    command.launch()
    assert await command.ended() == 0
    heard = BY_HAND if arguments[0] == "pause" else "takes new scans again"
    await c.logged(f"scanner {name} {heard}", after=before)


async def is_ready(c: Coordinator) -> bool:
    """Ask the coordinator whether uploads that come now are looked at."""
    async with httpx2.AsyncClient(verify=False) as client:
        return (await client.get(f"{c.public_url}/readyz")).status_code == 200


async def looked_at_by(c: Coordinator, name: str, *, uploads: int = 4) -> None:
    """Send uploads at once, and see that this scanner, and no other, has looked at them."""
    before = c.log
    answers = await asyncio.gather(*(upload(c, bright() if number % 2 else dark()) for number in range(uploads)))
    assert [answer.outcome for answer in answers] == ["clean", "flagged"] * (uploads // 2)
    lines = [line for line in c.log[len(before) :].splitlines() if "scanner=" in line]
    assert len(lines) == uploads
    assert all(f"scanner={name}" in line for line in lines)


async def test_paused_scanner_leaves_uploads_to_the_other(tmp_path: Path) -> None:
    """While one scanner is paused, the other looks at everything; resumed, it takes its turn again."""
    async with Coordinator(tmp_path) as c, manners(c, "one"), manners(c, "two"):
        await order(c, "one", "pause", "--for", "2h")
        await looked_at_by(c, "two")
        await order(c, "one", "resume")
        await order(c, "two", "pause")
        await looked_at_by(c, "one")


async def test_upload_is_answered_at_once_while_every_scanner_is_paused(tmp_path: Path) -> None:
    """Nobody waits for a scanner that said it will not come; after `resume` uploads are looked at again."""
    async with Coordinator(tmp_path) as c, manners(c, "one"):
        await looked_at_by(c, "one")
        await order(c, "one", "pause")
        assert not await is_ready(c)
        # A coordinator that has just started expects its scanners back; after this time it does no longer.
        await asyncio.sleep(RETURN_GRACE_S)
        began_s = time.monotonic()
        assert (await upload(c, bright())).outcome == "no_scanner"
        took_s = time.monotonic() - began_s
        await order(c, "one", "resume")
        assert await is_ready(c)
        await looked_at_by(c, "one")
    print(f"no_scanner after {took_s * 1e3:.0f} ms")
    assert took_s < AT_ONCE_S


async def test_scan_in_flight_is_finished_and_the_waiting_one_answered(tmp_path: Path) -> None:
    """A pause costs no scan that a scanner has; what waits for its turn is told at once that nobody is there."""
    slow = {"null_ms_per_frame": "500", "capacity": "8", "batch": "1"}
    async with Coordinator(tmp_path) as c, manners(c, "one", **slow):
        both = [asyncio.create_task(upload(c, animation(BRIGHT))) for _ in range(2)]
        await order(c, "one", "pause")
        waited, scanned = sorted(await asyncio.gather(*both), key=lambda answer: answer.outcome, reverse=True)
    print(f"{waited.outcome} after {waited.ms['total']:.0f} ms, {scanned.outcome} after {scanned.ms['total']:.0f} ms")
    assert (scanned.outcome, scanned.report["looks"]) == ("flagged", 8)
    assert waited.outcome == "no_scanner"
    assert waited.ms["total"] < scanned.ms["total"]


async def test_pause_survives_a_restart(tmp_path: Path) -> None:
    """A scanner that was paused is paused when it comes back, before it is pushed anything."""
    async with Coordinator(tmp_path) as c, manners(c, "one") as one:
        await order(c, "one", "pause", "--for", "2h")
        assert await one.stop() == 0
        before = c.log
        await one.start()
        said = c.log[len(before) :]
        assert 0 < said.index(f"scanner one {BY_HAND}") < said.index("scanner one is ready")
        await order(c, "one", "resume")
        await looked_at_by(c, "one")


async def test_pause_runs_out_by_itself(tmp_path: Path) -> None:
    """A pause for a time needs no `resume`."""
    async with Coordinator(tmp_path) as c, manners(c, "one"):
        before = c.log
        await order(c, "one", "pause", "--for", "2s")
        await c.logged("scanner one takes new scans again", after=before)
        await looked_at_by(c, "one")


async def test_paused_start_waits_for_resume(tmp_path: Path) -> None:
    """A scanner that starts paused is connected, says why it does nothing, and works after `resume`."""
    async with Coordinator(tmp_path) as c, manners(c, "one", start_paused="1"):
        assert "scanner one takes no new scans: started paused" in c.log
        assert not await is_ready(c)
        await order(c, "one", "resume")
        await looked_at_by(c, "one")


async def test_hours_keep_a_scanner_from_scans(tmp_path: Path) -> None:
    """Outside its hours a scanner is connected and leaves uploads to the one whose hours these are."""
    now = datetime.now()
    early, late = (now - timedelta(hours=2)).hour, (now + timedelta(hours=2)).hour
    async with (
        Coordinator(tmp_path) as c,
        manners(c, "off", hours=f"{late}-{early}"),
        manners(c, "on", hours=f"{early}-{late}"),
    ):
        assert f"scanner off takes no new scans: outside its hours, {late:02}:00-{early:02}:00" in c.log
        await looked_at_by(c, "on")


async def test_scanner_steps_aside_for_another_program_on_the_gpu(tmp_path: Path) -> None:
    """While the driver says that others use the GPU, the scanner takes nothing; without a driver it works."""
    (tmp_path / "pynvml.py").write_text(DRIVER)
    (tmp_path / "gpu").write_text("0")
    async with Coordinator(tmp_path) as c, manners(c, "one", yield_gpu="30%") as one:
        await looked_at_by(c, "one")
        before = c.log
        (tmp_path / "gpu").write_text("75")
        await c.logged("scanner one takes no new scans: other programs use 30 % of the GPU or more", after=before)
        assert not await is_ready(c)
        (tmp_path / "gpu").write_text("lost")
        # Sooner than it would come back after a game.
        await c.logged("scanner one takes new scans again", after=before, within_s=BACK_AFTER_S / 2)
        await looked_at_by(c, "one")
        assert "GPU is lost" in one.log
