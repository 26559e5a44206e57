"""An SFTP server in this process whose folders fail as those of a sick disk do, which OpenSSH's do not at will."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh
from asyncssh import SFTPName, SFTPServer, SSHAcceptor

from coordinator.sweep.sources.sftp import Host


class SickSftp:
    """Serves the files of this machine. `async with SickSftp(folder) as s:` starts it."""

    def __init__(self, folder: Path) -> None:
        """Take the folder for its keys."""
        self.faults: dict[bytes, asyncssh.SFTPError] = {}
        """By the path of a folder: what comes instead of what is in it."""
        self._key = folder / "client"
        self._known_hosts = folder / "known_hosts"
        self._acceptor: SSHAcceptor | None = None

    @property
    def host(self) -> Host:
        """How to reach it."""
        assert self._acceptor is not None
        return Host("127.0.0.1", self._acceptor.get_port(), "anybody", self._known_hosts, self._key)

    async def __aenter__(self) -> Self:
        host_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        client_key.write_private_key(self._key)
        authorized = asyncssh.import_authorized_keys(client_key.export_public_key().decode())
        faults = self.faults

        class Files(SFTPServer):
            async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
                if path in faults:
                    raise faults[path]
                async for name in super().scandir(path):
                    yield name

        self._acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=authorized, sftp_factory=Files
        )
        port = self._acceptor.get_port()
        self._known_hosts.write_text(f"[127.0.0.1]:{port} {host_key.export_public_key().decode()}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._acceptor is not None
        self._acceptor.close()
        await self._acceptor.wait_closed()
