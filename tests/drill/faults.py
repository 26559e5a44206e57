"""The faults of a drill: one at random each second, each ended after a while."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable

from tests.drill.scene import Box, Scene

LONGEST_S = 4.0
EVERY_S = 1.0


class Faults:
    """Bring about one fault a second, chosen by a seeded source, and undo each in time."""

    def __init__(self, scene: Scene, source: random.Random) -> None:
        self.count: Counter[str] = Counter()
        self._scene = scene
        self._source = source
        self._running: set[asyncio.Task[None]] = set()
        self._on_boxes: dict[str, Callable[[Box, float], Awaitable[None]]] = {
            "scanner killed": self._kill,
            "scanner stopped": self._stop,
            "line reset": self._reset,
            "line half open": self._half_open,
            "line cut": self._cut,
            "line flaps": self._flap,
            "line late": self._toxic(lambda box: _set(box, latency_s=0.3)),
            "line slow": self._toxic(lambda box: _set(box, bytes_per_s=300_000.0)),
            "line in pieces": self._toxic(lambda box: _set(box, slice_bytes=1_000, slice_delay_s=0.001)),
            "line closes after 1 MB": self._toxic(lambda box: _set(box, limit_bytes=1_000_000)),
            "nothing comes up": self._toxic(lambda box: setattr(box.line.up, "blackhole", True)),
            "nothing comes down": self._toxic(lambda box: setattr(box.line.down, "blackhole", True)),
            "nothing passes": self._toxic(lambda box: _set(box, blackhole=True)),
            "scanner does not read": self._toxic(lambda box: setattr(box.line.down, "zero_window", True)),
            "nobody reads the scanner": self._toxic(lambda box: setattr(box.line.up, "zero_window", True)),
        }

    async def run(self, seconds: float) -> None:
        """Bring about faults for so long, then undo all that are left."""
        for _ in range(int(seconds / EVERY_S)):
            self._begin()
            await asyncio.sleep(EVERY_S)
        if self._running:
            await asyncio.wait(self._running)
        for task in self._running:
            task.result()

    def _begin(self) -> None:
        pause_s = self._source.uniform(0.2, LONGEST_S)
        well = [box for box in self._scene.boxes if not box.trouble]
        name = self._source.choice(["limited process killed", "limited process stopped", *sorted(self._on_boxes)])
        if name in self._on_boxes:
            if not well:
                return
            box = self._source.choice(well)
            box.trouble = name
            task = asyncio.create_task(self._on_box(name, box, pause_s))
        else:
            signum = signal.SIGKILL if name.endswith("killed") else signal.SIGSTOP
            os.kill(self._source.choice(self._scene.limited_processes()), signum)
            task = asyncio.create_task(asyncio.sleep(0))
        self.count[name] += 1
        self._running.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        if task.exception() is None:
            self._running.discard(task)

    async def _on_box(self, name: str, box: Box, pause_s: float) -> None:
        try:
            await self._on_boxes[name](box, pause_s)
        finally:
            box.trouble = ""

    async def _kill(self, box: Box, pause_s: float) -> None:
        box.scanner.clean_up()
        await asyncio.sleep(pause_s)
        box.scanner.launch()

    async def _stop(self, box: Box, pause_s: float) -> None:
        box.scanner.send(signal.SIGSTOP)
        await asyncio.sleep(pause_s)
        box.scanner.send(signal.SIGCONT)

    async def _reset(self, box: Box, pause_s: float) -> None:
        box.line.reset()

    async def _half_open(self, box: Box, pause_s: float) -> None:
        box.line.half_open()

    async def _cut(self, box: Box, pause_s: float) -> None:
        await box.line.cut()
        await asyncio.sleep(pause_s)
        box.line.mend()

    async def _flap(self, box: Box, pause_s: float) -> None:
        for _ in range(3):
            await self._cut(box, pause_s / 6)
            await asyncio.sleep(pause_s / 6)

    def _toxic(self, begin: Callable[[Box], None]) -> Callable[[Box, float], Awaitable[None]]:
        async def last(box: Box, pause_s: float) -> None:
            begin(box)
            await asyncio.sleep(pause_s)
            box.line.heal()

        return last


def _set(box: Box, **toxics: float | bool) -> None:
    for direction in (box.line.up, box.line.down):
        for name, value in toxics.items():
            setattr(direction, name, value)
