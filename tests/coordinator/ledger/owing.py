"""A process that owes debts and records rejections, saying each on stdout once it was told that it is on the disk.

`python -m tests.coordinator.ledger.owing PATH` runs until it is killed. `… PATH LIMIT_BYTES` may not make files larger
than that until a line comes in on stdin.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from pathlib import Path

from coordinator.ledger.audit import Entry, What
from coordinator.ledger.errors import LedgerError
from coordinator.ledger.ledger import Ledger
from tests.coordinator.ledger.making import START, debt, judged, sha, soon

WAITERS = 8


def say(line: str) -> None:
    """Write a line that is out when this returns."""
    os.write(1, f"{line}\n".encode())


async def owe_for_ever(ledger: Ledger, first: int) -> None:
    """Owe and record, one after the other."""
    number = first
    while True:
        ledger.remember(judged(number))
        await ledger.debts.owe(debt(number), deadline_s=soon())
        say(f"debt {sha(number)}")
        await ledger.record(Entry(What.REJECTION, START, "caller", sha(number)), deadline_s=soon())
        say(f"rejection {sha(number)}")
        number += WAITERS


async def until_killed(path: Path) -> None:
    """Answer several callers at once, until killed."""
    async with Ledger(path) as ledger, asyncio.TaskGroup() as group:
        for first in range(WAITERS):
            group.create_task(owe_for_ever(ledger, first))


async def on_a_full_disk(path: Path, limit_bytes: int) -> None:
    """Write until nothing more goes in, say how; go on when there is room again."""
    async with Ledger(path) as ledger:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, most))
        number = 0
        while not ledger.fault:
            number += 1
            ledger.remember(judged(number))
            try:
                await ledger.debts.owe(debt(number), deadline_s=soon(1.0))
            except LedgerError as error:
                say(f"refused {error}")
        began_s = asyncio.get_running_loop().time()
        known = await ledger.look_up(sha(1), judged(1).way)
        say(f"known {known is not None} {asyncio.get_running_loop().time() - began_s < 1.0}")
        await asyncio.to_thread(sys.stdin.readline)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        async with asyncio.timeout(30):
            await ledger.flushed()
        counts = await ledger.debts.debt_counts()
        say(f"written {counts.open == number} {ledger.lost} {ledger.fault}")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        asyncio.run(on_a_full_disk(Path(sys.argv[1]), int(sys.argv[2])))
    else:
        asyncio.run(until_killed(Path(sys.argv[1])))
