"""A folder of this machine. Symbolic links are not followed: they could lead anywhere, and round and round."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from coordinator.sweep.errors import FetchError, GoneError, RemovalError, SourceError
from coordinator.sweep.item import Item
from coordinator.sweep.sources.source import BATCH, NONE_MISSED
from coordinator.sweep.walk import Below, Walk

CHUNK_BYTES = 1 << 20
"""Most photographs in one read, and so in one visit to a thread."""


class Folder:
    """Read the regular files in a folder and below."""

    def __init__(self, path: Path, *, prefix: str = "", by_time: bool = False) -> None:
        """Take the folder, and how the places of its files must begin. Raises SourceError when it is none.

        `by_time` says that its folders are named by time, as those of pict-rs: old ones need not be read again.
        """
        self.tells_time = by_time
        self._root = os.fsencode(path.resolve())
        self._prefix = os.fsencode(prefix)
        if not path.is_dir():
            raise SourceError(f"{path} is no folder.")

    @property
    def name(self) -> str:
        """Where it is."""
        return "file://" + self._root.decode("utf-8", "backslashreplace")

    async def listing(
        self, since_s: float | None = None, missed: Mapping[bytes, float] = NONE_MISSED
    ) -> AsyncIterator[Sequence[Item]]:
        """Yield files, below the last folder by name first: with folders named by time, that is newest first."""
        items = self._walk(since_s, missed)
        while batch := await asyncio.to_thread(lambda: list(islice(items, BATCH))):
            yield batch

    async def fetch(self, item: Item) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file."""
        try:
            file, chunk = await asyncio.to_thread(self._begin, item)
        except FileNotFoundError as error:
            raise GoneError("it is not there any more") from error
        except OSError as error:
            raise FetchError(f"it cannot be read: {error.strerror}") from error
        try:
            yield chunk
            # Less than was asked for is the end of a regular file.
            while len(chunk) == CHUNK_BYTES:
                chunk = await asyncio.to_thread(os.read, file, CHUNK_BYTES)
                yield chunk
        except OSError as error:
            raise FetchError(f"it cannot be read: {error.strerror}") from error
        finally:
            os.close(file)

    async def tag(self, item: Item) -> str:
        """Return the tag that a file has now."""
        try:
            return _tag(await asyncio.to_thread(os.lstat, self._path(item.place)))
        except FileNotFoundError as error:
            raise GoneError("it is not there any more") from error
        except OSError as error:
            raise FetchError(f"it cannot be looked at: {error.strerror}") from error

    async def remove(self, item: Item) -> tuple[str, ...]:
        """Remove a file; its folder stays."""
        path = self._path(item.place)
        try:
            await asyncio.to_thread(os.unlink, path)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise RemovalError(f"it cannot be removed: {error.strerror}") from error
        if await asyncio.to_thread(os.path.lexists, path):
            raise RemovalError("it is still there after it was removed")
        return ()

    async def close(self) -> None:
        """Nothing is open."""

    def _path(self, place: bytes) -> bytes:
        return os.path.join(self._root, place)

    def _begin(self, item: Item) -> tuple[int, bytes]:
        """Open a file; return it with its first bytes."""
        file = self._open(item)
        try:
            return file, os.read(file, CHUNK_BYTES)
        except OSError:
            os.close(file)
            raise

    def _open(self, item: Item) -> int:
        # Not through a link, and not waiting for a pipe that somebody put there meanwhile.
        file = os.open(self._path(item.place), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise FetchError("it is no regular file")
        return file

    def _walk(self, since_s: float | None, missed: Mapping[bytes, float]) -> Iterator[Item]:
        walk = Walk(since_s, missed, root=self._root, prefix=self._prefix, is_pictrs=self.tells_time)
        for below in walk:
            inside: list[bytes] = []
            try:
                with os.scandir(self._path(below.place)) as entries:
                    for entry in entries:
                        place = below.place + entry.name
                        if entry.is_dir(follow_symlinks=False):
                            inside.append(place + b"/")
                        elif place.startswith(self._prefix) and (item := _item(entry, place, below)) is not None:
                            yield item
            except FileNotFoundError:
                if not below.place:
                    raise SourceError(f"{self.name} is not there any more.") from None
            except OSError as error:
                if not below.place:
                    raise SourceError(f"{self.name} cannot be read: {error.strerror}.") from error
                yield below.missed(str(error.strerror))
            walk.go_into(below, inside)


def _item(entry: os.DirEntry[bytes], place: bytes, below: Below) -> Item | None:
    """Return a regular file that changed since then; None for everything else, and for what is gone already."""
    try:
        if not entry.is_file(follow_symlinks=False):
            return None
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    # A file that is copied here keeps its old time of change; the inode does not.
    changed_s = max(status.st_mtime, status.st_ctime)
    if changed_s < below.since_s:
        return None
    return Item(place=place, tag=_tag(status), size_bytes=status.st_size, changed_s=changed_s)


def _tag(status: os.stat_result) -> str:
    kind = "" if stat.S_ISREG(status.st_mode) else "no file "
    return f"{kind}{status.st_mtime_ns:x}-{status.st_ctime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
