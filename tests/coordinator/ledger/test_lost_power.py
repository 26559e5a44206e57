"""Processes that are killed, and disks that are full: nothing that was promised is missing."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coordinator.ledger.audit import What
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.schema import prepare
from tests.coordinator.ledger.making import file_in

ROOT = Path(__file__).parents[3]
MOST_DEBTS = 1_000_000


def owing(path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the process that makes promises."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.coordinator.ledger.owing", str(path), *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def promises_until_killed(path: Path, after_s: float) -> set[str]:
    """Run the process for a while beyond its first promise, kill it, and return what it promised."""
    process = owing(path)
    assert process.stdout is not None
    said = {process.stdout.readline().strip()}
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    # The last line may be cut: what was not said whole was not promised.
    return said | set(rest.splitlines()[: rest.count("\n")])


async def missing(path: Path, said: set[str]) -> set[str]:
    """Return what was said and is not in the ledger."""
    async with Ledger(path) as ledger:
        debts = {f"debt {owed.debt.sha256}" for owed in await ledger.debts.all_open(limit=MOST_DEBTS)}
        entries = await ledger.audit.entries(what=What.REJECTION, limit=MOST_DEBTS)
    return said - debts - {f"rejection {entry.sha256}" for entry in entries}


@pytest.mark.parametrize("round_number", range(3))
async def test_killed_at_any_moment(tmp_path: Path, round_number: int) -> None:
    """After kill -9 every debt and rejection whose caller was told is there, and the ledger opens."""
    chance = random.Random(round_number)
    prepare(file_in(tmp_path))
    said: set[str] = set()
    for _ in range(4):
        said |= promises_until_killed(file_in(tmp_path), chance.uniform(0.0, 0.3))
    assert len(said) > 8
    assert await missing(file_in(tmp_path), said) == set()


def test_full_disk(tmp_path: Path) -> None:
    """On a full disk whoever waits is told why, what is known is still known, and all is written when there is room."""
    path = file_in(tmp_path)
    prepare(path)
    process = owing(path, str(path.stat().st_size + 300_000))
    assert process.stdin is not None
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if line.startswith("known"):
            process.stdin.write("\n")
            process.stdin.flush()
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert lines[0].startswith("refused The ledger cannot be used now: ")
    assert lines[-2:] == ["known True True", "written True 0"]
