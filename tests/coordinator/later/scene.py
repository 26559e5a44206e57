"""A later look with all that it works with, in one process: real ledger, real limited processes, real pict-rs."""

from __future__ import annotations

import asyncio
import hashlib
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import Image

from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import RETURN_GRACE_S, Machine
from coordinator.hub import Hub
from coordinator.intake import Intake
from coordinator.judge.loader import load_policy
from coordinator.judge.outcomes import LaterLookMode, Mode, Outcome, OutcomeTable
from coordinator.judge.scores import Scores
from coordinator.later.give_way import GiveWay
from coordinator.later.look import Look
from coordinator.later.plan import Plan
from coordinator.later.worker import LaterLook
from coordinator.ledger.debts import Debt, OpenDebt
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.times import now
from coordinator.media.limited import Cutters
from coordinator.media.limits import Limits
from coordinator.media.looks import Views
from coordinator.pictrs.client import PictRs
from coordinator.records import Records
from coordinator.uploads import Uploads
from shared.messages import FailureKind, Lane
from tests.end_to_end.pictrs import API_KEY

BODY_LIMIT_BYTES = 2**20
BRIGHT = 192
WEIGHTS = "fingerprint"


def picture(shade: int, number: int = 0, *, noise: int = 0) -> bytes:
    """Return a picture of one grey, flagged from 192 on; each number gives other bytes. `noise` adds random pixels."""
    image = Image.new("RGB", (64, 64), (shade,) * 3)
    image.putpixel((63, 63), (number % 256, number // 256, 0))
    if noise:
        image.paste(Image.effect_noise((noise, noise), 90).convert("RGB"), (0, 0))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


class BrightScanner:
    """A scanner of the demo policy that finds all its parts in frames whose first pixel is bright."""

    def __init__(self, hub: Hub, *, fault: FailureKind | None = None, name: str = "box") -> None:
        self.lanes: list[Lane] = []
        self._hub = hub
        self._fault = fault
        self.is_slow = False
        """Keep results until `release`."""
        self._kept: list[Callable[[], None]] = []
        self.generation = hub.join(name, 16, self)
        hub.handle(ev.ScannerReady(self.generation))
        hub.handle(ev.LoadChanged(self.generation, 16, frames_per_s=100.0))

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        self.lanes.append(lane)
        loop = asyncio.get_running_loop()
        if self._fault is not None:
            loop.call_soon(self._hub.handle, ev.PushFailed(self.generation, push.scan, push.attempt, self._fault))
            return
        values = array("f", [0.9 if frame[0] >= BRIGHT else 0.0 for frame in frames for _ in range(2)])
        scores = Scores.parse(values.tobytes(), frames=len(frames), terms=2, weights=WEIGHTS)
        note = partial(self._hub.note_result, self.generation, push.scan, push.attempt, scores)
        if self.is_slow:
            self._kept.append(note)
        else:
            loop.call_soon(note)

    def release(self) -> None:
        """Give all results that were kept."""
        for note in self._kept:
            note()
        self._kept.clear()

    def cancel(self, scan: str) -> None:
        """Nothing is on its way for longer than one turn of the loop."""

    def fence(self) -> None:
        raise AssertionError("nobody fences it")

    def set_aside(self, reason: str) -> None:
        raise AssertionError("nobody sets it aside")


@dataclass
class Scene:
    """What a later look works with, and the look itself."""

    ledger: Ledger
    hub: Hub
    intake: Intake
    client: PictRs
    records: Records
    uploads: Uploads
    look: Look
    worker: LaterLook
    body_limit_bytes: int = BODY_LIMIT_BYTES
    scanners: list[BrightScanner] = field(default_factory=list)

    def add_scanner(self, *, fault: FailureKind | None = None) -> BrightScanner:
        """Have another scanner come."""
        self.scanners.append(BrightScanner(self.hub, fault=fault, name=f"box {len(self.scanners)}"))
        return self.scanners[-1]

    async def owe(self, data: bytes, *, media_type: str = "image/png", size_bytes: int | None = None) -> OpenDebt:
        """Owe a look at some bytes."""
        sha256 = hashlib.sha256(data).hexdigest()
        size_bytes = len(data) if size_bytes is None else size_bytes
        debt = Debt(sha256, size_bytes, media_type, Outcome.NO_SCANNER, now())
        await self.ledger.debts.owe(debt, deadline_s=asyncio.get_running_loop().time() + 10)
        return await self.owed(data)

    async def owed(self, data: bytes) -> OpenDebt:
        """Return the debt about some bytes."""
        (owed,) = await self.ledger.debts.open_debts_of(hashlib.sha256(data).hexdigest())
        return owed

    async def open_count(self) -> int:
        """Count the open debts."""
        return (await self.ledger.debts.debt_counts()).open


@asynccontextmanager
async def scene(
    folder: Path,
    pictrs_url: str,
    *,
    key: str = API_KEY,
    mode: LaterLookMode = LaterLookMode.PURGE,
    shadow: bool = False,
    not_there_pauses_s: Sequence[float] = (0.0, 0.0),
    gone_s: float = 5.0,
) -> AsyncIterator[Scene]:
    """Set a scene without any scanner."""
    outcomes = OutcomeTable({}, Mode.SHADOW if shadow else Mode.ENFORCE)
    policy = load_policy("demo")
    intake = Intake()
    give_way = GiveWay(intake)
    hub = Hub(Machine(now=asyncio.get_running_loop().time() - RETURN_GRACE_S))
    async with (
        Ledger(folder / "ledger.sqlite") as ledger,
        Cutters(limits=Limits(), count=2) as cutters,
        PictRs(pictrs_url, key, gone_s=gone_s) as client,
    ):
        records = Records(ledger=ledger, policy=policy, views=Views.ALL, weights=lambda: WEIGHTS)
        uploads = Uploads(hub=hub, cutters=cutters, policy=policy)
        look = Look(
            debts=ledger.debts,
            audit=ledger.audit,
            records=records,
            pictrs=client,
            uploads=uploads,
            plan=Plan(mode, outcomes, not_there_pauses_s=not_there_pauses_s),
            body_limit_bytes=BODY_LIMIT_BYTES,
            give_way=give_way,
        )
        worker = LaterLook(
            look=look,
            debts=ledger.debts,
            scanner_ready=hub.scanner_ready,
            give_way=give_way,
            idle_s=0.05,
            fresh_s=0.0,
        )
        yield Scene(ledger, hub, intake, client, records, uploads, look, worker)
    hub.close()
