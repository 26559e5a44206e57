"""A source behind an OpenSSH server whose connections break, or which has no files to give."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncssh
import pytest

from coordinator.sweep.errors import SourceAwayError, SourceError
from coordinator.sweep.item import Item
from coordinator.sweep.sources.sftp import Host, Sftp
from coordinator.sweep.walk import missed_since_s
from tests.coordinator.sweep.sources.sick_sftp import SickSftp
from tests.end_to_end import sshd
from tests.end_to_end.fault_proxy import FaultProxy
from tests.end_to_end.sshd import Sshd

pytestmark = pytest.mark.sftp

LARGE = bytes(range(256)) * (64 * 1024)
FILE = Item(place=b"large")


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[tuple[FaultProxy, Sftp]]:
    """A folder with a large file, and the line to it."""
    sshd.require()
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "large").write_bytes(LARGE)
    async with Sshd(tmp_path) as server, FaultProxy(port=server.port) as proxy:
        server.known_hosts.write_text(server.known_hosts.read_text().replace(str(server.port), str(proxy.port)))
        host = Host("127.0.0.1", proxy.port, server.user, server.known_hosts, server.key)
        source = Sftp(host, str(tmp_path / "store").encode())
        yield proxy, source
        await source.close()


async def read(source: Sftp, after_each: Callable[[], None] = lambda: None) -> bytes:
    """Read the file piece by piece."""
    content = b""
    async for piece in source.fetch(FILE):
        content += piece
        after_each()
    return content


@pytest.mark.parametrize("when", ["before", "while"])
async def test_sftp_says_that_the_line_broke(line: tuple[FaultProxy, Sftp], when: str) -> None:
    """A connection that is reset, in a file or before it is opened, is a store that is away; then it is there again."""
    proxy, source = line
    await source.tag(FILE)
    if when == "before":
        proxy.reset()
    with pytest.raises(SourceAwayError, match=r"the connection to 127\.0\.0\.1 broke"):
        await read(source, after_each=proxy.reset)
    assert await read(source) == LARGE


async def test_sftp_passes_over_old_folders_of_mastodon(tmp_path: Path) -> None:
    """What Mastodon stored long ago is not listed again over SFTP either."""
    sshd.require()
    for place in ("media_attachments/files/100/000/000/000/000/001/original/old", "accounts/avatars/new"):
        path = tmp_path / "system" / place
        path.parent.mkdir(parents=True)
        path.touch()
    since_s = path.stat().st_mtime - 60
    async with Sshd(tmp_path) as server:
        host = Host("127.0.0.1", server.port, server.user, server.known_hosts, server.key)
        source = Sftp(host, str(tmp_path / "system").encode())
        places = [item.place async for batch in source.listing(since_s) for item in batch]
        await source.close()
    assert places == [b"accounts/avatars/new"]


@pytest.fixture
async def sick(tmp_path: Path) -> AsyncIterator[tuple[SickSftp, Sftp]]:
    """A server whose folders may fail, and what reads one of them."""
    async with SickSftp(tmp_path) as server:
        source = Sftp(server.host, bytes(tmp_path / "store"))
        yield server, source
        await source.close()


@pytest.mark.parametrize(
    "fault",
    [
        asyncssh.SFTPFailure("Input/output error"),
        asyncssh.SFTPBadMessage("garbled"),
        asyncssh.SFTPPermissionDenied("not allowed"),
    ],
)
async def test_sftp_says_what_it_cannot_list(
    sick: tuple[SickSftp, Sftp], tmp_path: Path, fault: asyncssh.SFTPError
) -> None:
    """A folder that fails stands for what is in it, and those after it are listed; once it can be, its files come."""
    server, source = sick
    for place in ("a/1", "b/2", "b/c/3", "d/4"):
        path = tmp_path / "store" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    since_s = path.stat().st_mtime + 3600
    server.faults[bytes(tmp_path / "store" / "b")] = fault
    found = [item async for batch in source.listing() for item in batch]
    assert [(item.place, item.fault) for item in found] == [
        (b"d/4", ""),
        (b"b/", f"the folder cannot be listed: {fault.reason}"),
        (b"a/1", ""),
    ]
    server.faults.clear()
    assert [batch async for batch in source.listing(since_s)] == []
    missed = {b"b/": missed_since_s(found[1].tag)}
    assert [item.place async for batch in source.listing(since_s, missed) for item in batch] == [b"b/2", b"b/c/3"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [(asyncssh.SFTPFailure("sick"), SourceAwayError), (asyncssh.SFTPPermissionDenied("not allowed"), SourceError)],
)
async def test_sftp_that_can_list_nothing(
    sick: tuple[SickSftp, Sftp], tmp_path: Path, fault: asyncssh.SFTPError, error: type[Exception]
) -> None:
    """Where its own folder fails there is nothing to go on with: the sweep waits, or an admin has to act."""
    server, source = sick
    server.faults[bytes(tmp_path / "store")] = fault
    with pytest.raises(error):
        _ = [batch async for batch in source.listing()]


async def test_sftp_names_a_host_that_offers_none(tmp_path: Path) -> None:
    """A server that lets us in and has no SFTP will not have it in a minute: that is no reason to wait."""
    sshd.require()
    async with Sshd(tmp_path, offers="") as server:
        source = Sftp(Host("127.0.0.1", server.port, server.user, server.known_hosts, server.key), b"/")
        with pytest.raises(SourceError, match=r"127\.0\.0\.1 lets us in and offers no SFTP"):
            await source.tag(FILE)
        await source.close()
