"""A source behind an OpenSSH server whose connections break, or which has no files to give."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from coordinator.sweep.errors import SourceAwayError, SourceError
from coordinator.sweep.item import Item
from coordinator.sweep.sources.sftp import Host, Sftp
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


async def test_sftp_names_a_host_that_offers_none(tmp_path: Path) -> None:
    """A server that lets us in and has no SFTP will not have it in a minute: that is no reason to wait."""
    sshd.require()
    async with Sshd(tmp_path, offers="") as server:
        source = Sftp(Host("127.0.0.1", server.port, server.user, server.known_hosts, server.key), b"/")
        with pytest.raises(SourceError, match=r"127\.0\.0\.1 lets us in and offers no SFTP"):
            await source.tag(FILE)
        await source.close()
