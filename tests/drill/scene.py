"""What a drill plays with: a coordinator, its limited processes, and scanners each behind a faulty line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.end_to_end.fault_proxy import FaultProxy
from tests.end_to_end.processes import Coordinator, Scanner

MS_PER_FRAME = (10, 20, 40, 80)
"""One scanner for each: unlike machines."""


@dataclass
class Box:
    """A home machine: a scanner, and the line that it is reached by. It has one fault at a time."""

    scanner: Scanner
    line: FaultProxy
    trouble: str = ""


@dataclass
class Scene:
    """All that runs during a drill."""

    coordinator: Coordinator
    boxes: list[Box]

    def limited_processes(self) -> list[int]:
        """Return the ids of the processes that decode uploads, in order."""
        return sorted(child.pid for child in psutil.Process(self.coordinator.process.pid).children())

    def resident_bytes(self) -> int:
        """Return the coordinator's resident memory, without its limited processes."""
        return int(psutil.Process(self.coordinator.process.pid).memory_info().rss)

    async def start(self) -> None:
        """Start everything; return when every scanner is ready."""
        await self.coordinator.start()
        for box in self.boxes:
            await box.line.__aenter__()
            await box.scanner.start()

    async def clean_up(self) -> None:
        """End everything, whatever state it is in."""
        for box in self.boxes:
            box.scanner.clean_up()
            await box.line.__aexit__(None, None, None)
        self.coordinator.clean_up()


def make_scene(folder: Path) -> Scene:
    """Lay everything out in a folder, with nothing running yet."""
    coordinator = Coordinator(folder)
    boxes = []
    for number, ms_per_frame in enumerate(MS_PER_FRAME):
        line = FaultProxy(port=coordinator.public_port)
        scanner = Scanner(
            coordinator, f"box-{number}", coordinator=line.ws_url, null_ms_per_frame=ms_per_frame, capacity=16
        )
        boxes.append(Box(scanner, line))
    return Scene(coordinator, boxes)
