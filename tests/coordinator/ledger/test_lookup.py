"""Looking up takes bounded time whatever state the database is in."""

from __future__ import annotations

import asyncio
from pathlib import Path

from coordinator.ledger.ledger import Ledger
from coordinator.ledger.recent import STEP_NS
from tests.coordinator.ledger.holding import closed_to_all, written_by_another
from tests.coordinator.ledger.making import CLEAN, WAY, file_in, judged, sha


async def filled(path: Path) -> None:
    """Make a ledger that knows one picture."""
    async with Ledger(path) as ledger:
        ledger.remember(judged(1))


async def test_lookup_while_another_process_writes(tmp_path: Path) -> None:
    """A lock to write does not keep anything from being known."""
    await filled(file_in(tmp_path))
    async with Ledger(file_in(tmp_path)) as ledger:
        with written_by_another(file_in(tmp_path)):
            known = await ledger.look_up(sha(1), WAY)
    assert known is not None
    assert known.verdict == CLEAN


async def test_lookup_of_a_closed_database_is_unknown_in_time(tmp_path: Path) -> None:
    """When nobody may even read, pictures are unknown after a fraction of a second, and known again later."""
    await filled(file_in(tmp_path))
    loop = asyncio.get_running_loop()
    async with Ledger(file_in(tmp_path), look_up_s=0.3) as ledger:
        assert await ledger.look_up(sha(1), WAY) is not None
        with closed_to_all(file_in(tmp_path)):
            began_s = loop.time()
            found = await asyncio.gather(*(ledger.look_up(sha(1), WAY) for _ in range(10)))
            assert found == [None] * 10
            assert loop.time() - began_s < 3.0
        async with asyncio.timeout(10):
            while await ledger.look_up(sha(1), WAY) is None:  # noqa: ASYNC110 - nothing tells when the thread is done
                await asyncio.sleep(0.05)


async def test_lookup_in_a_damaged_database_is_unknown(tmp_path: Path) -> None:
    """Damage that is found while it runs makes pictures unknown; nothing is raised."""
    await filled(file_in(tmp_path))
    async with Ledger(file_in(tmp_path)) as ledger:
        assert await ledger.look_up(sha(1), WAY) is not None
        ledger.remember(judged(2))
        await ledger.flushed()
        size = file_in(tmp_path).stat().st_size
        for file in (file_in(tmp_path), tmp_path / "ledger.sqlite-wal"):
            with file.open("r+b") as damaged:
                damaged.write(b"\xa5" * max(size, 100_000))
        assert await ledger.look_up(sha(3), WAY) is None


async def test_lookup_of_what_was_unknown_sees_what_another_process_writes(tmp_path: Path) -> None:
    """That nothing is known of a picture is remembered only until the database changes."""
    async with Ledger(file_in(tmp_path)) as ledger, Ledger(file_in(tmp_path)) as another:
        await asyncio.sleep(STEP_NS / 1e9)
        assert [await ledger.look_up(sha(1), WAY) for _ in range(3)] == [None] * 3
        another.remember(judged(1))
        await another.flushed()
        assert await ledger.look_up(sha(1), WAY) is not None
