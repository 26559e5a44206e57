"""Sweeps of a folder behind a real OpenSSH server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest
import pytest_asyncio

from shared.exit_codes import ExitCode
from tests.end_to_end import sshd
from tests.end_to_end.pictures import bright, broken, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.sshd import Sshd
from tests.end_to_end.sweeping import Sweeper, json_lines, paths

pytestmark = [pytest.mark.sftp, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sweeper(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sweeper]:
    """One coordinator with a scanner for the tests of this file."""
    sshd.require()
    async with Coordinator(tmp_path_factory.mktemp("sweeps")) as coordinator, Scanner(coordinator, "one"):
        yield Sweeper(coordinator)


def stored(folder: Path) -> Path:
    """Make a store with 60 files in folders, two of them bright, one of these with a name that is no text."""
    store = folder / "the store"
    for number in range(57):
        path = store / f"{number % 5}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dark())
    (store / "1" / os.fsdecode(b"caf\xe9.png")).write_bytes(bright())
    (store / "4" / "bad.png").write_bytes(bright())
    (store / "broken.png").write_bytes(broken())
    (store / "round").symlink_to(store)
    return store


async def test_sweep_over_sftp_finds_and_removes_there(sweeper: Sweeper, tmp_path: Path) -> None:
    """What is found is removed on the other machine, names that are no text included; nothing else is."""
    store = stored(tmp_path)
    async with Sshd(tmp_path) as server:
        source = server.source(store).replace(" ", "%20")
        swept = await sweeper.run(source, "--purge", *server.options)
        assert (swept.code, swept.end["done"], swept.end["unreadable"]) == (ExitCode.FOUND, 60, 1)
        assert swept.end["kept"] == 0
        assert paths(await sweeper.report(source)) == {r"1/caf\xe9.png", "4/bad.png"}
        assert len([path for path in store.rglob("*") if path.is_file() and not path.is_symlink()]) == 58


async def test_sweep_over_sftp_never_talks_to_another_host(sweeper: Sweeper, tmp_path: Path) -> None:
    """A host whose key changed is refused with a sentence; so is one that is not known at all."""
    store = stored(tmp_path)
    server = Sshd(tmp_path)
    server.change_host_key()
    async with server:
        swept = await sweeper.run(server.source(store), *server.options)
        assert swept.code == ExitCode.NOT_REACHED
        assert "may be another machine" in swept.words
        missing = await sweeper.run(server.source(store), "--known-hosts", tmp_path / "none")
        assert (missing.code, "does not exist" in missing.words) == (ExitCode.BAD_CONFIGURATION, True)


async def test_sweep_over_sftp_asks_nobody_for_a_passphrase(sweeper: Sweeper, tmp_path: Path) -> None:
    """A key with a passphrase is refused with a sentence, and so is a key that the host does not take."""
    async with Sshd(tmp_path) as server:
        locked, strange = tmp_path / "locked", tmp_path / "strange"
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(locked, passphrase="none", format_name="pkcs8-pem")
        key.write_private_key(strange)
        known = ("--known-hosts", server.known_hosts)
        refused = await sweeper.run(server.source(tmp_path), "--ssh-key", locked, *known)
        assert (refused.code, "passphrase" in refused.words) == (ExitCode.BAD_CONFIGURATION, True), refused.words
        refused = await sweeper.run(server.source(tmp_path), "--ssh-key", strange, *known)
        assert (refused.code, "takes none of our keys" in refused.words) == (ExitCode.NOT_REACHED, True)


async def test_sweep_over_sftp_goes_on_when_the_server_is_back(sweeper: Sweeper, tmp_path: Path) -> None:
    """While the server is away the sweep waits; then it goes on, and misses nothing."""
    store = stored(tmp_path)
    server = Sshd(tmp_path)
    async with server:
        options = (*server.options, "--json", "--limit-rate", "8")
        async with sweeper.started("sweep run", server.source(store).replace(" ", "%20"), *options) as process:
            lines = json_lines(process)
            async for line in lines:
                if line["event"] == "progress" and line["done"] >= 5:
                    break
            server.clean_up()
            async for line in lines:
                if line["event"] == "progress" and line["waits"]:
                    break
            async with server:
                last = [line async for line in lines][-1]
        assert (last["event"], last["done"], last["found"], last["failed"]) == ("end", 60, 2, 0)
