"""The worker of the later look, against a real pict-rs and a real ledger."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import pytest_asyncio

from coordinator.ledger.audit import What
from tests.coordinator.later.scene import Scene, picture, scene
from tests.end_to_end import pictrs as real
from tests.end_to_end.waiting import INTERVAL_S, until

pytestmark = [pytest.mark.pictrs, pytest.mark.asyncio(loop_scope="module")]

PAID_S = 60.0
NUMBERS = iter(range(1, 10_000))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[real.PictRs]:
    """Run a pict-rs that asks nobody."""
    real.require()
    async with real.PictRs(tmp_path_factory.mktemp("pict-rs"), validation=None) as running:
        yield running


@asynccontextmanager
async def working(here: Scene) -> AsyncIterator[None]:
    """Run the worker meanwhile; it must not end by itself."""
    task = asyncio.create_task(here.worker.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()


async def paid(here: Scene, *, left: int = 0) -> None:
    """Wait until only so many debts are open."""
    async with asyncio.timeout(PAID_S):
        while True:
            if await here.open_count() <= left:
                return
            await asyncio.sleep(INTERVAL_S)


async def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until a text stands in the log."""
    await until(lambda: text in caplog.text, within_s=PAID_S, what=f"{text!r} is logged")


async def store(server: real.PictRs, shade: int) -> tuple[bytes, str]:
    """Store a picture that no other test uses; return its bytes and its alias."""
    data = picture(shade, next(NUMBERS))
    answer = await server.upload(data)
    return data, str(answer.json()["files"][0]["file"])


async def test_worker_purges_exactly_what_is_flagged(server: real.PictRs, tmp_path: Path) -> None:
    """Of 60 pictures six are flagged: these are purged, each once, when a scanner comes, and nothing before."""
    stored = [await store(server, 255 if number % 10 == 0 else 0) for number in range(60)]
    async with scene(tmp_path, server.url) as here, working(here):
        for data, _ in stored:
            await here.owe(data)
        assert await here.open_count() == len(stored)
        here.add_scanner()
        await paid(here)
        purges = await here.ledger.audit.entries(what=What.PURGE)
    flagged = [entry for number, entry in enumerate(stored) if number % 10 == 0]
    assert sorted(entry.sha256 for entry in purges) == sorted(hashlib.sha256(data).hexdigest() for data, _ in flagged)
    statuses = [(await server.original(alias)).status_code for _, alias in stored]
    assert statuses == [404 if number % 10 == 0 else 200 for number in range(60)]


async def test_worker_tells_its_progress(server: real.PictRs, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log says how many were paid and how many are left, at the first and at the last."""
    caplog.set_level("INFO")
    async with scene(tmp_path, server.url) as here:
        for shade in (0, 0, 255):
            await here.owe((await store(server, shade))[0])
        here.add_scanner()
        async with working(here):
            await logged(caplog, "0 left")
    lines = [record.message for record in caplog.records if record.message.startswith("later look: ")]
    assert lines[0].startswith("later look: 1 clean; 2 left, the oldest of 20")
    assert lines[-1] == "later look: 2 clean, 1 purged; 0 left, the oldest of -"


async def test_worker_waits_while_pictrs_is_down(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An absent pict-rs is said once, and debts are paid when it is back."""
    real.require()
    caplog.set_level("INFO")
    async with real.PictRs(tmp_path, validation=None) as server:
        data, alias = await store(server, 255)
        await server.stop()
        async with scene(tmp_path, server.url) as here, working(here):
            await here.owe(data)
            here.add_scanner()
            await logged(caplog, "pict-rs cannot be reached")
            assert await here.open_count() == 1
            await server.start()
            await paid(here)
        assert (await server.original(alias)).status_code == 404
    assert caplog.text.count("pict-rs cannot be reached") == 1
    assert caplog.text.count("goes on after") == 1


async def test_worker_with_a_wrong_key(server: real.PictRs, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong key is one sentence in the log; debts stay as they are."""
    caplog.set_level("INFO")
    async with scene(tmp_path, server.url, key="guessed") as here, working(here):
        owed = await here.owe((await store(server, 255))[0])
        here.add_scanner()
        await logged(caplog, "FEDIWARD_PICTRS_API_KEY")
        assert await here.ledger.debts.all_open(limit=10) == (owed,)
    assert caplog.text.count("pict-rs refuses FEDIWARD_PICTRS_API_KEY") == 1
    assert "guessed" not in caplog.text


async def test_worker_goes_on_past_a_picture_that_cannot_be_had(server: real.PictRs, tmp_path: Path) -> None:
    """A picture whose file is missing is put off; those behind it are paid."""
    before = server.stored()
    lost, _ = await store(server, 255)
    (file,) = server.stored() - before
    file.unlink()
    async with scene(tmp_path, server.url) as here, working(here):
        await here.owe(lost)
        for _ in range(3):
            await here.owe((await store(server, 0))[0])
        here.add_scanner()
        await paid(here, left=1)
        (owed,) = await here.ledger.debts.all_open(limit=10)
        assert (owed.debt.sha256, owed.tries) == (hashlib.sha256(lost).hexdigest(), 1)


async def test_worker_survives_a_locked_ledger(
    server: real.PictRs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While somebody else holds the database the worker waits; what it then does is written down."""
    async with scene(tmp_path, server.url) as here:
        await here.owe((await store(server, 0))[0])
        here.add_scanner()
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            async with working(here):
                await logged(caplog, "The ledger cannot be used now")
                other.execute("ROLLBACK")
                await paid(here)


async def test_worker_cancelled_leaves_debts(server: real.PictRs, tmp_path: Path) -> None:
    """Stopped before a scanner came, and started again in another process: the debt is there, and is paid."""
    data, alias = await store(server, 255)
    async with scene(tmp_path, server.url) as here, working(here):
        await here.owe(data)
    async with scene(tmp_path, server.url) as again, working(again):
        assert await again.open_count() == 1
        again.add_scanner()
        await paid(again)
    assert (await server.original(alias)).status_code == 404


async def test_worker_lets_live_uploads_go_first(server: real.PictRs, tmp_path: Path) -> None:
    """While a live upload is on its way no look begins; without end it does not hold debts up for ever."""
    async with scene(tmp_path, server.url) as here, working(here):
        with here.intake.upload():
            await here.owe((await store(server, 0))[0])
            scanner = here.add_scanner()
            await asyncio.sleep(0.3)
            assert scanner.lanes == []
            await paid(here)
