"""Walk the README's path from a clone to the first verdict on an upload to a real pict-rs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.end_to_end.pictrs import API_KEY, PictRs
from tests.end_to_end.pictures import dark
from tests.end_to_end.ports import free_port
from tests.end_to_end.waiting import until
from tests.newcomer.guide import Folder, commands, fill_in, is_installing

FIRST_VERDICT_S = 120.0
"""From the start of all processes, on a machine that is busy."""

UPLOADS_PAUSE_S = 0.5
JUDGED = "outcome=clean"


@dataclass
class Walk:
    """What it took."""

    choices: dict[str, str] = field(repr=False)
    """The settings that had to be chosen."""
    install_s: float = 0.0
    """For the virtual environment, torch included."""
    rest_s: float = 0.0
    """From there to the first verdict."""
    doctor: int | None = None
    """The exit code of the doctor at the end."""

    @property
    def total_s(self) -> float:
        """From the empty folder to the first verdict."""
        return self.install_s + self.rest_s


async def walk(clone: Path, *, installs: bool, say: Callable[[str], None]) -> Walk:
    """Run each command of the README. Without `installs`, `venv` must be there already.

    Raises AssertionError when a command fails, or no verdict comes in time.
    """
    hook_port, public_port = free_port(), free_port()
    validation = f"http://127.0.0.1:{hook_port}/api/v1/scan/IPADDR"
    walked = Walk({})
    # Otherwise the first start of a scanner tries which batch is best.
    saving = {} if installs else {"batch": "2", "threads": "1"}
    with Folder(clone, hook_port=hook_port, public_port=public_port, **saving) as folder:
        async with PictRs(clone.parent, validation=validation) as pictrs:
            # The weights of the default model cannot be had everywhere.
            walked.choices = {
                "FEDIWARD_PICTRS_URL": pictrs.url,
                "FEDIWARD_PICTRS_API_KEY": API_KEY,
                "FEDIWARD_MODEL": "demo",
            }
            for command in commands():
                if is_installing(command) and not installs:
                    continue
                began_s = time.monotonic()
                if "doctor" in command:
                    await _first_verdict(folder, pictrs)
                    walked.rest_s += time.monotonic() - began_s
                    walked.doctor = await asyncio.to_thread(folder.run, command)
                    say(f"{command}: exit code {walked.doctor}")
                    continue
                code = await asyncio.to_thread(folder.run, command)
                took_s = time.monotonic() - began_s
                say(f"{command}: {took_s:.1f} s")
                assert code == 0, f"{command} ended with {code}:\n{folder.log[-4000:]}"
                if is_installing(command):
                    walked.install_s += took_s
                else:
                    walked.rest_s += took_s
                if ".env" in command:
                    fill_in(clone / ".env", walked.choices)
    return walked


async def _first_verdict(folder: Folder, pictrs: PictRs) -> None:
    """Upload until one picture was looked at: before the scanner is ready, they are accepted unseen."""
    stop = asyncio.Event()

    async def upload() -> None:
        while not stop.is_set():
            await pictrs.upload(dark())
            await asyncio.sleep(UPLOADS_PAUSE_S)

    uploading = asyncio.create_task(upload())
    try:
        await until(lambda: JUDGED in folder.log, within_s=FIRST_VERDICT_S, what="the first verdict")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{folder.log[-4000:]}") from None
    finally:
        stop.set()
        await uploading
