"""A source behind an OpenSSH server whose connections break."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coordinator.sweep.errors import SourceAwayError
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


@pytest.mark.parametrize("when", ["before", "while"])
async def test_sftp_says_that_the_line_broke(line: tuple[FaultProxy, Sftp], when: str) -> None:
    """A connection that is reset, while a file is read or before it is opened, is a store that is away; then it is back."""
    proxy, source = line
    await source.tag(FILE)
    if when == "before":
        proxy.reset()
    with pytest.raises(SourceAwayError, match=r"the connection to 127\.0\.0\.1 broke"):
        async for _ in source.fetch(FILE):
            proxy.reset()
    assert b"".join([piece async for piece in source.fetch(FILE)]) == LARGE
