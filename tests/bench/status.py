"""What it costs to keep account of uploads and scanners, and to show it."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from prometheus_client.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry

from coordinator.credentials import Credentials
from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import Machine
from coordinator.hub import Hub
from coordinator.intake import Intake
from coordinator.judge.loader import load_policy
from coordinator.judge.outcomes import OutcomeTable
from coordinator.ledger.ledger import Ledger
from coordinator.status.board import Board, Judging
from coordinator.status.collectors import Collectors
from coordinator.status.upload_log import UploadLog
from coordinator.web.metrics.families import Families
from shared.messages import Lane
from tests.bench.rows import Row, at_most
from tests.coordinator.status.hellos import hello, load, result
from tests.coordinator.status.situations import decided

UPLOADS = 100_000
SCANNERS = 200
SNAPSHOTS = 20
STEPS_MS = dict.fromkeys(("body", "frames", "queue", "push", "infer", "judge", "total"), 20.0)


class _Nowhere:
    """A connection that nothing is pushed to."""

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        """Do nothing."""

    def cancel(self, scan: str) -> None:
        """Do nothing."""

    def fence(self) -> None:
        """Do nothing."""

    def set_aside(self, reason: str) -> None:
        """Do nothing."""


def upload_us() -> float:
    """Return the microseconds of processor time that noting one upload takes."""
    log, uploads = UploadLog(0.0), [decided(number * 0.01, steps_ms=STEPS_MS) for number in range(1000)]
    began_s = time.process_time()
    for number in range(UPLOADS):
        log.note(uploads[number % 1000])
    return (time.process_time() - began_s) / UPLOADS * 1e6


async def showing_ms() -> tuple[float, float]:
    """Return the milliseconds of processor time of a snapshot as JSON, and of a scrape, while every scanner works."""
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder:
        async with Ledger(Path(folder) / "ledger.sqlite") as ledger:
            hub, collectors = Hub(Machine(now=loop.time())), Collectors(loop.time())
            credentials = Credentials(Path(folder) / "credentials.json")
            board = Board(
                collectors,
                hub=hub,
                intake=Intake(),
                credentials=credentials,
                judging=Judging(load_policy("null"), OutcomeTable({})),
                debts=ledger.debts,
                roster_file=Path(folder) / "scanners.json",
            )
            names = [f"scanner-{number}" for number in range(SCANNERS)]
            for name in names:
                generation = hub.join(name, 8, _Nowhere())
                collectors.roster.greet(name, generation, hello(), "", loop.time())
                collectors.roster.load(name, load())
                for _ in range(256):
                    collectors.roster.result(name, result(), loop.time() - 1, loop.time())
            registry = CollectorRegistry()
            registry.register(Families(board.snapshot, collectors))
            spent_s = [0.0, 0.0]
            for _ in range(SNAPSHOTS):
                # A hundred results a second: half of the percentiles are worked out anew.
                for name in names[::2]:
                    collectors.roster.result(name, result(), loop.time() - 1, loop.time())
                began_s = time.process_time()
                json.dumps(board.snapshot().as_json())
                shown_s = time.process_time()
                generate_latest(registry)
                spent_s = [spent_s[0] + shown_s - began_s, spent_s[1] + time.process_time() - shown_s]
            hub.close()
    return spent_s[0] / SNAPSHOTS * 1e3, spent_s[1] / SNAPSHOTS * 1e3


def rows() -> list[Row]:
    """Measure, and return the rows."""
    snapshot_ms, scrape_ms = asyncio.run(showing_ms())
    return [
        at_most("noting one upload", upload_us(), "µs", bar=50),
        at_most(f"a snapshot of {SCANNERS} scanners as JSON", snapshot_ms, "ms", bar=50),
        at_most(f"a scrape with {SCANNERS} scanners", scrape_ms, "ms", bar=100),
    ]
