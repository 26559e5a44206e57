"""Sweeps and who they talk to: a coordinator that restarts, no scanner, the admin page, callers that may not."""

from __future__ import annotations

import hashlib
import re
import signal
from pathlib import Path

import httpx2
import pytest

from shared.exit_codes import ExitCode
from tests.end_to_end.caller import upload
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.sweeping import Sweeper, paths, progress

TOKEN = "a-token-of-no-worth"
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_NAMES = re.compile(r'name="caller" value="([^"]+)"><input type="hidden" name="sweep" value="([^"]+)"')


def stored(folder: Path, count: int) -> Path:
    """Make a store of dark pictures, the last of them bright."""
    store = folder / "store"
    store.mkdir()
    for number in range(count):
        (store / f"{number:03}").write_bytes(bright() if number == count - 1 else dark())
    return store


class Admin:
    """Somebody who is logged in."""

    def __init__(self, coordinator: Coordinator, client: httpx2.AsyncClient) -> None:
        self._url = coordinator.public_url
        self._client = client

    async def log_in(self) -> None:
        """Log in."""
        answer = await self._client.post(f"{self._url}/login", data={"token": TOKEN, "name": "anna"})
        assert answer.status_code == 303

    async def order(self, **form: str) -> None:
        """Send a form of the only sweep."""
        page = (await self._client.get(f"{self._url}/")).text
        csrf, names = _CSRF.search(page), _NAMES.search(page)
        assert csrf is not None
        assert names is not None, "no sweep on the page"
        fields = {"csrf": csrf[1], "caller": names[1], "sweep": names[2], **form}
        answer = await self._client.post(f"{self._url}/do/sweep", data=fields)
        assert answer.status_code == 303, answer.text


async def test_sweep_obeys_the_admin_page(tmp_path: Path) -> None:
    """Paused it does nothing, over a restart too, then goes on, and ends when stopped; the next one goes on there."""
    store = stored(tmp_path, 150)
    async with (
        Coordinator(tmp_path, admin_token=TOKEN) as coordinator,
        Scanner(coordinator, "one"),
        httpx2.AsyncClient() as client,
    ):
        sweeper, admin = Sweeper(coordinator), Admin(coordinator, client)
        await admin.log_in()
        async with sweeper.started("sweep run", store, "--json", "--limit-rate", "10") as process:
            lines = progress(process)
            async for line in lines:
                if line["done"]:
                    break
            await admin.order(order="pause")
            async for line in lines:
                if line["waits"] == "paused":
                    break
            # What was on its way when it was paused is finished.
            done = (await anext(lines))["done"]
            await coordinator.stop(signal.SIGKILL)
            before = coordinator.log
            await coordinator.start()
            await coordinator.scanner_ready("one", after=before)
            paused = [await anext(lines) for _ in range(3)]
            assert [(line["waits"], line["done"]) for line in paused] == [("paused", done)] * 3
            await admin.order(order="run")
            async for line in lines:
                if line["done"] > done + 10:
                    break
            await admin.order(order="stop")
            _, words = await process.communicate()
        assert (process.returncode, b"goes on here" in words) == (ExitCode.INTERRUPTED, True)
        swept = await sweeper.run(store)
        assert (swept.end["run"], swept.end["done"], swept.end["found"]) == (1, 150, 1)


async def test_sweep_waits_for_scanner_and_coordinator(tmp_path: Path) -> None:
    """Without a scanner, and while the coordinator is away, it waits and says so; then it goes on and skips nothing."""
    store = stored(tmp_path, 60)
    async with Coordinator(tmp_path) as coordinator:
        sweeper = Sweeper(coordinator)
        async with sweeper.started("sweep run", store, "--json", "--limit-rate", "15") as process:
            lines = progress(process)
            async for line in lines:
                if line["waits"] == "no scanner is there":
                    assert line["done"] == 0
                    break
            async with Scanner(coordinator, "one"):
                async for line in lines:
                    if line["done"] > 3:
                        break
                await coordinator.stop(signal.SIGKILL)
                async for line in lines:
                    if "does not answer" in line["waits"]:
                        break
                before = coordinator.log
                await coordinator.start()
                await coordinator.scanner_ready("one", after=before)
                last = [line async for line in lines][-1]
        assert (last["event"], last["done"], last["found"], last["failed"]) == ("end", 60, 1, 0)
        assert paths(await sweeper.report(store)) == {"059"}


async def test_sweep_owes_nothing(tmp_path: Path) -> None:
    """What a sweep could not have looked at is no debt: it looks again itself."""
    async with Coordinator(tmp_path) as coordinator:
        secret = coordinator.new_caller("sweep", may_sweep=True)
        assert (await upload(coordinator, dark(), secret=secret, query="?lane=sweep")).outcome == "no_scanner"
        assert (await upload(coordinator, dark())).outcome == "no_scanner"
        ledger = Sweeper(coordinator, name="owner", data_dir=coordinator.data_dir)
        assert len((await ledger.command("ledger debts --json")).output.split('"sha256"')) == 2


async def test_sweep_api_knows_contents_by_hash(tmp_path: Path) -> None:
    """A content that was judged is answered without its bytes, with margins where they are wanted; others are not."""
    picture = bright()
    sha256 = hashlib.sha256(picture).hexdigest()
    async with Coordinator(tmp_path) as coordinator, Scanner(coordinator, "one"), httpx2.AsyncClient() as client:
        secret, plain = coordinator.new_caller("sweep", may_sweep=True), coordinator.new_caller("plain")
        known = f"{coordinator.hook_url(secret)}/known/"
        assert (await client.get(known + sha256)).status_code == 404
        await upload(coordinator, picture, secret=secret, query="?lane=sweep")
        told = (await client.get(known + sha256)).json()
        assert (told["outcome"], told["answer"], told["remembered"]) == ("flagged", "reject", True)
        margins = (await client.get(known + sha256, params={"margins": "1"})).json()["margins"]
        assert margins["flagged"]
        assert abs(margins["parts"]["light"] - 0.05) < 1e-6
        for path, status in ((f"{known}{sha256[:-1]}", 400), (f"{known}{sha256}?margins=2", 400)):
            assert (await client.get(path)).status_code == status
        for other in (plain, "unknown"):
            refused = await client.get(f"{coordinator.hook_url(other)}/known/{sha256}")
            assert refused.status_code in {401, 403}
        assert (await upload(coordinator, picture, secret=plain, query="?margins=1")).status == 403
        wrong = await client.post(f"{coordinator.hook_url(secret)}/sweeps/nightly", content=b"{}")
        assert wrong.status_code == 400


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api/v1/scan/secret", "http://127.0.0.1:{port}/api/v1/scan/secret"])
async def test_sweep_without_a_coordinator_ends_at_once(tmp_path: Path, url: str) -> None:
    """Nobody there, or somebody else: a sentence without the secret, and the code for not reached."""
    async with Coordinator(tmp_path) as coordinator:
        # Its public listener is no hook.
        sweeper = Sweeper(coordinator, sweep_url=url.format(port=coordinator.public_port))
        swept = await sweeper.run(stored(tmp_path, 1))
        assert swept.code == ExitCode.NOT_REACHED, swept.words
        assert "secret" not in swept.words
