"""A folder of another machine, over SFTP. Host keys are always checked, and nothing is ever asked of a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import asyncssh
from asyncssh import FILEXFER_TYPE_DIRECTORY, FILEXFER_TYPE_REGULAR, SFTPAttrs, SFTPClient, SSHClientConnection

from coordinator.sweep.errors import FetchError, GoneError, RemovalError, SourceAwayError, SourceError, SweepError
from coordinator.sweep.item import Item
from coordinator.sweep.sources.source import BATCH, NONE_MISSED
from coordinator.sweep.walk import Walk
from shared.errors import ConfigurationError

CHUNK_BYTES = 256 * 1024

CONNECT_S = 15.0
KEEPALIVE_S = 15.0

NOT_THERE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
LOST = (
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.DisconnectError,
    asyncssh.ChannelOpenError,
    OSError,
)
"""Of a connection that is reset, asyncssh hands on what the socket said."""


@dataclass(frozen=True, slots=True)
class Host:
    """How to reach and know a machine."""

    host: str
    port: int
    user: str
    """Empty: the name that one is logged in with here, or what ~/.ssh/config says."""
    known_hosts: Path
    key: Path | None = None
    """A private key without a passphrase; None: the agent's keys, and those in ~/.ssh."""


class Sftp:
    """Read the regular files in a folder and below; links are not followed. One connection, made when it is needed."""

    def __init__(self, host: Host, path: bytes, *, prefix: bytes = b"", by_time: bool = False) -> None:
        """Take the folder there. Raises ConfigurationError when host or key cannot be known."""
        if not host.known_hosts.is_file():
            raise ConfigurationError(
                f"{host.known_hosts} does not exist: connect once with ssh and compare the key of the host, or name a "
                "file with --known-hosts."
            )
        self._key = _read_key(host.key) if host.key is not None else None
        self._host = host
        self._root = path
        self._prefix = prefix
        self.tells_time = by_time
        self._connecting = asyncio.Lock()
        self._connection: SSHClientConnection | None = None
        self._client: SFTPClient | None = None

    @property
    def name(self) -> str:
        """Where it is."""
        user = f"{self._host.user}@" if self._host.user else ""
        port = f":{self._host.port}" if self._host.port != asyncssh.DEFAULT_PORT else ""
        return f"sftp://{user}{self._host.host}{port}{self._root.decode('utf-8', 'backslashreplace')}"

    async def listing(
        self, since_s: float | None = None, missed: Mapping[bytes, float] = NONE_MISSED
    ) -> AsyncIterator[Sequence[Item]]:
        """Yield files, folder by folder, the last by name first.

        SFTP tells when a file was written, not when it came: one that was copied with its old time looks old.
        """
        walk = Walk(since_s, missed, root=self._root, prefix=self._prefix, is_pictrs=self.tells_time)
        batch: list[Item] = []
        for below in walk:
            inside: list[bytes] = []
            with self._translated(SourceAwayError):
                client = await self._connected()
                try:
                    async for entry in client.scandir(self._path(below.place)):
                        # Bytes, as asked for when the client was started.
                        name = cast(bytes, entry.filename)
                        place = below.place + name
                        if entry.attrs.type == FILEXFER_TYPE_DIRECTORY and name not in {b".", b".."}:
                            inside.append(place + b"/")
                        elif (item := self._item(place, entry.attrs, below.since_s)) is not None:
                            batch.append(item)
                        if len(batch) == BATCH:
                            yield batch
                            batch = []
                except NOT_THERE as error:
                    if not below.place:
                        raise SourceError(f"{self.name} is not there.") from error
                except LOST:
                    raise
                except asyncssh.SFTPError as error:
                    if below.place:
                        batch.append(below.missed(_sentence(error)))
                    elif isinstance(error, asyncssh.SFTPPermissionDenied):
                        raise SourceError(f"{self.name} may not be read by us.") from error
                    else:
                        raise
            walk.go_into(below, inside)
        if batch:
            yield batch

    async def fetch(self, item: Item) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file."""
        with self._translated(FetchError):
            client = await self._connected()
            # In order, without blocks at once: these leave their faults behind when a connection breaks.
            async with client.open(self._path(item.place), "rb", encoding=None, block_size=0) as file:
                while chunk := cast(bytes, await file.read(CHUNK_BYTES)):
                    yield chunk

    async def tag(self, item: Item) -> str:
        """Return the tag that a file has now."""
        with self._translated(FetchError):
            return _tag(await (await self._connected()).lstat(self._path(item.place)))

    async def remove(self, item: Item) -> tuple[str, ...]:
        """Remove a file there, and look there whether it is gone."""
        path = self._path(item.place)
        try:
            with self._translated(RemovalError):
                client = await self._connected()
                await client.remove(path)
                await client.lstat(path)
        except GoneError:
            return ()
        raise RemovalError("it is still there after it was removed")

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            await self._connection.wait_closed()

    def _path(self, place: bytes) -> bytes:
        return self._root + b"/" + place.rstrip(b"/") if place else self._root

    def _item(self, place: bytes, attrs: SFTPAttrs, since_s: float) -> Item | None:
        changed_s = float(attrs.mtime or 0)
        is_file = attrs.type == FILEXFER_TYPE_REGULAR and place.startswith(self._prefix)
        if not is_file or changed_s < since_s:
            return None
        return Item(place, _tag(attrs), attrs.size or 0, changed_s)

    async def _connected(self) -> SFTPClient:
        async with self._connecting:
            if self._client is None:
                await self.close()
                self._connection = await self._connect()
                self._client = await self._begin_sftp(self._connection)
            return self._client

    async def _begin_sftp(self, connection: SSHClientConnection) -> SFTPClient:
        try:
            return await connection.start_sftp_client(path_encoding=None)
        except asyncssh.ChannelOpenError as error:
            # It says the same when the connection breaks meanwhile.
            if error.code != asyncssh.OPEN_REQUEST_SESSION_FAILED or connection.is_closed():
                raise
            raise SourceError(
                f"{self._host.host} lets us in and offers no SFTP: it needs a line `Subsystem sftp` in its sshd_config."
            ) from error

    async def _connect(self) -> SSHClientConnection:
        host = self._host
        try:
            return await asyncssh.connect(
                host.host,
                host.port,
                # Always a file: without one a line in ~/.ssh/config could switch the check off.
                known_hosts=str(host.known_hosts),
                **({"username": host.user} if host.user else {}),
                **({"client_keys": [self._key]} if self._key is not None else {}),
                preferred_auth="publickey",
                connect_timeout=CONNECT_S,
                keepalive_interval=KEEPALIVE_S,
            )
        except asyncssh.HostKeyNotVerifiable as error:
            raise SourceError(
                f"{host.host} shows a key that {host.known_hosts} does not know it by: it may be another machine. "
                "Nothing was sent to it."
            ) from error
        except asyncssh.PermissionDenied as error:
            raise SourceError(f"{host.host} takes none of our keys for {host.user or 'us'}.") from error
        except (asyncssh.Error, OSError) as error:
            raise SourceAwayError(f"{host.host} cannot be reached: {_sentence(error)}") from error

    @contextmanager
    def _translated(self, otherwise: type[SweepError]) -> Iterator[None]:
        try:
            yield
        except NOT_THERE as error:
            raise GoneError("it is not there any more") from error
        except LOST as error:
            # Whoever is next connects again.
            self._client = None
            raise SourceAwayError(f"the connection to {self._host.host} broke: {_sentence(error)}") from error
        except asyncssh.SFTPPermissionDenied as error:
            raise otherwise("the other machine does not permit it") from error
        except asyncssh.Error as error:
            raise otherwise(f"{self._host.host}: {_sentence(error)}") from error


def _read_key(path: Path) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(path)
    except (asyncssh.KeyEncryptionError, asyncssh.KeyImportError, OSError) as error:
        if "passphrase" in str(error).lower():
            hint = "load it into an agent, and leave --ssh-key out"
            raise ConfigurationError(f"{path} needs a passphrase: {hint}.") from error
        raise ConfigurationError(f"{path} is no private key that can be read.") from error


def _tag(attrs: SFTPAttrs) -> str:
    return f"{attrs.mtime or 0:x}-{attrs.size or 0:x}"


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
