"""Have uploads cut in limited processes: some for live uploads, and others, in the background, for sweeps.

The coordinator never decodes: `Cutters.cut` passes an upload's bytes to a process that has nothing to lose (`seal`),
and believes nothing of what comes back but pixels. One upload can cost one process, which is replaced at once.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from coordinator.media.errors import NoPlace, Reason, Unsupported
from coordinator.media.limits import Limits
from coordinator.media.looks import Cut, Views
from coordinator.media.pool import Pool
from coordinator.media.sniff import HEAD_BYTES, sniff

__all__ = ["Cutters", "Limits", "Snapshot"]

COMMAND = (sys.executable, "-I", "-m", "coordinator.media.cutter")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Count the limited processes and who waits for them, for the log and the tests.

    `seals` is what the processes could close behind themselves: a bit mask of `seal.Seal`.
    """

    count: int
    busy: int
    warm: int
    starting: int
    waiting_live: int
    waiting_sweep: int
    replaced: int
    seals: int
    pids: tuple[int, ...]


class Cutters:
    """Cut uploads in limited processes, warm between `async with` and its end.

    `count` processes serve live uploads. Sweeps get one fewer, at least one, of their own: they start with the first
    sweep, and stand still between `sweeps_stand_still` and `sweeps_go_on`, so that whoever waits for an upload notices
    nothing of them. `command` starts the program of a limited process: given by tests. With
    `likeness` they can be asked for likenesses, which needs the extra `pdq`; `learn_likeness` changes that later.
    """

    def __init__(
        self, *, limits: Limits, count: int = 2, command: Sequence[str] = COMMAND, likeness: bool = False
    ) -> None:
        self._limits = limits
        self._command = command
        self._likeness = likeness
        self._live = self._pool(count)
        self._sweep = self._pool(max(count - 1, 1), has_patience=True)
        self._sweep_is_open = False
        self._opening = asyncio.Lock()
        self._is_closed = True

    async def __aenter__(self) -> Self:
        """Start the processes of live uploads and wait until they are warm. Raises NoPlace when one does not start."""
        await self._live.open()
        self._is_closed = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes, and wait until they are gone. Uploads that are being cut, or wait, get NoPlace."""
        self._is_closed = True
        await asyncio.gather(self._live.close(), self._sweep.close())

    def snapshot(self) -> Snapshot:
        """Return the counts of this moment."""
        pools = (self._live, self._sweep) if self._sweep_is_open else (self._live,)
        children = [child for pool in pools for child in pool.children]
        busy = sum(pool.busy for pool in pools)
        return Snapshot(
            count=sum(pool.count for pool in pools),
            busy=busy,
            warm=len(children) - busy,
            starting=sum(pool.starting for pool in pools),
            waiting_live=self._live.waiting,
            waiting_sweep=self._sweep.waiting,
            replaced=sum(pool.replaced for pool in pools),
            seals=children[0].seals if children else 0,
            pids=tuple(child.pid for child in children),
        )

    @property
    def knows_likeness(self) -> bool:
        """Say whether processes that are started from now on can be asked for likenesses."""
        return self._likeness

    def sweeps_stand_still(self) -> None:
        """Stop the processes of sweeps while live uploads are on their way, within bounds: see `Pool.stand_still`."""
        self._sweep.stand_still()

    def sweeps_go_on(self) -> None:
        """Have the processes of sweeps run again, a moment later."""
        self._sweep.go_on_soon()

    async def learn_likeness(self) -> None:
        """Replace all processes by such as can be asked for likenesses; return when these are warm.

        Uploads are cut meanwhile as before.
        """
        self._likeness = True
        await asyncio.gather(self._live.learn_likeness(), self._sweep.learn_likeness())

    async def cut(
        self,
        body: Sequence[bytes],
        *,
        size: int,
        views: Views,
        lane_is_live: bool,
        deadline_s: float,
        likeness: bool = False,
    ) -> Cut:
        """Return the frames of the upload whose bytes are `body`, in chunks, as squares of `size` pixels a side.

        With `likeness` the cut has that too, where the process knows how, and the upload is no video.
        `deadline_s` is a time of this event loop's clock, waiting for a free process included. Cancelling ends the
        process that works on it. Raises Unsupported, Unreadable, TooCostly, CutTimedOut and NoPlace.
        """
        kind = sniff(_head(body))
        if kind is None:
            raise Unsupported(Reason.UNKNOWN_FORMAT)
        pool = self._live if lane_is_live else await self._of_sweeps()
        return await pool.cut(body, kind, size=size, views=views, deadline_s=deadline_s, likeness=likeness)

    async def _of_sweeps(self) -> Pool:
        async with self._opening:
            if self._is_closed:
                raise NoPlace(Reason.CLOSED)
            if not self._sweep_is_open:
                await self._sweep.open()
                self._sweep_is_open = True
        return self._sweep

    def _pool(self, count: int, *, has_patience: bool = False) -> Pool:
        return Pool(
            limits=self._limits,
            count=count,
            command=self._command,
            has_patience=has_patience,
            likeness=self._likeness,
        )


def _head(body: Sequence[bytes]) -> bytes:
    head = b""
    for chunk in body:
        head = head + chunk if head else chunk
        if len(head) >= HEAD_BYTES:
            break
    return head
