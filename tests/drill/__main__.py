"""`python -m tests.drill --seconds 60 --seed 1`: load with a random fault each second.

Exit code 0 when every upload was answered once, in time and right, memory stayed flat, every scanner came back and
nothing was left over; 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from scanner.dialler import OPEN_TIMEOUT_S
from shared.limits import RETRY_LONGEST_S
from tests.drill.faults import Faults
from tests.drill.load import Load
from tests.drill.report import Report
from tests.drill.scene import Scene, make_scene
from tests.end_to_end.processes import Scanner
from tests.end_to_end.waiting import until

DEADLINE_S = 8.0
START_S = 5.0
"""For a scanner to start and be ready, on a busy machine."""

BACK_S = OPEN_TIMEOUT_S + RETRY_LONGEST_S + START_S
"""Every scanner is back within this time of the last fault: it may have swallowed the request of an attempt, which
waits its time out, and the longest pause may follow."""

NOTHING_LEFT = "left: <Hub connections=0 waiting=0 scanners=0 scans=0 pushes=0>, <Uploads in_flight=0>, 0 bytes"


async def drill(seconds: float, seed: int, folder: Path) -> Report:
    """Run a drill in a folder; return what came of it."""
    scene = make_scene(folder)
    load = Load(scene.coordinator, random.Random(f"load {seed}"))
    faults = Faults(scene, random.Random(f"faults {seed}"))
    resident_bytes: list[int] = []
    try:
        await scene.start()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(scene, resident_bytes))
            loading = group.create_task(load.run(seconds))
            await faults.run(seconds)
            await loading
            watching.cancel()
        leftovers = await _end(scene) or _counted(scene, load)
    finally:
        await scene.clean_up()
    return Report(load.told, faults.count, resident_bytes, DEADLINE_S, leftovers)


async def _watch(scene: Scene, resident_bytes: list[int]) -> None:
    while True:
        resident_bytes.append(scene.resident_bytes())
        await asyncio.sleep(1)


async def _end(scene: Scene) -> str:
    """Wait until every scanner is back, stop the coordinator, and say what is left over."""
    ended = [box.scanner.name for box in scene.boxes if box.scanner.process.poll() is not None]
    if ended:
        return f"ended by themselves: {', '.join(ended)}"
    try:
        await until(lambda: all(_is_back(scene, box.scanner.name) for box in scene.boxes), within_s=BACK_S, what="back")
    except AssertionError:
        away = [_last_words(scene, box.scanner) for box in scene.boxes if not _is_back(scene, box.scanner.name)]
        return f"not back within {BACK_S:.0f} s: {'; '.join(away)}"
    code = await scene.coordinator.stop()
    log = scene.coordinator.log
    if code != 0:
        return f"the coordinator ended with {code}"
    if NOTHING_LEFT not in log:
        return log.splitlines()[-1]
    return "a traceback in the coordinator's log" if "Traceback" in log else ""


def _counted(scene: Scene, load: Load) -> str:
    """Say whether the coordinator gave another number of answers than uploads were sent."""
    answered = scene.coordinator.log.count("coordinator.web.hook: upload ")
    return "" if answered == len(load.told) else f"{answered} answers to {len(load.told)} uploads"


def _is_back(scene: Scene, name: str) -> bool:
    log = scene.coordinator.log
    return log.rfind(f"scanner {name} is ready") > log.rfind(f"scanner {name} left")


def _last_words(scene: Scene, scanner: Scanner) -> str:
    """Say what a scanner wrote last, and what the coordinator wrote last of its connection."""
    of_it = [line for line in scene.coordinator.log.splitlines() if f"scanner {scanner.name} " in line]
    return f"{scanner.name} (coordinator: {of_it[-1:]}, itself: {scanner.log.splitlines()[-1:]})"


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long uploads come")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed chooses the same faults")
    parser.add_argument("--logs", type=Path, help="folder to keep the logs of all processes in")
    options = parser.parse_args()
    print(f"drill of {options.seconds:g} s, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        kept = options.logs or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(drill(options.seconds, options.seed, kept))
    print("\n".join(report.lines()))
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
