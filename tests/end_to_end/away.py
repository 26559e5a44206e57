"""What may befall the disk of a ledger while a coordinator runs, made real: locked, read-only, full."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tests.coordinator.ledger.holding import written_by_another
from tests.coordinator.ledger.making import file_in

GET_FLAGS, SET_FLAGS, IMMUTABLE = 0x80086601, 0x40086602, 0x10
"""As `chattr` uses them (linux/fs.h). Nobody writes to what is immutable: not root, nor who has it open already."""

DISK = "size=8m,mode=700"

InFolder: TypeAlias = Callable[[Path], AbstractContextManager[None]]
"""What is done to a data folder, and undone."""


@contextmanager
def _anywhere(data_dir: Path) -> Iterator[None]:
    yield


@contextmanager
def _small_disk(data_dir: Path) -> Iterator[None]:
    data_dir.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", data_dir], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", data_dir], check=True)


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    with written_by_another(file_in(data_dir)):
        yield


@contextmanager
def _read_only(data_dir: Path) -> Iterator[None]:
    """Make the folder and its files immutable.

    Not `ledger.sqlite-shm`, which is no data: SQLite shares it as memory, and Linux ends (SIGBUS) whoever writes to
    memory whose file cannot be written any more.
    """
    probe = data_dir / "probe"
    with probe.open("wb", buffering=0) as file:
        log = file_in(data_dir).with_name("ledger.sqlite-wal")
        paths = [path for path in (probe, log, file_in(data_dir), data_dir) if path.exists()]
        try:
            for path in paths:
                _set_immutable(path, is_immutable=True)
            if _goes_in(file.fileno(), 1):
                raise OSError("immutable files can be written")
            yield
        finally:
            for path in reversed(paths):
                _set_immutable(path, is_immutable=False)
    probe.unlink()


@contextmanager
def _full(data_dir: Path) -> Iterator[None]:
    ballast = data_dir / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while _goes_in(file.fileno(), os.sysconf("SC_PAGE_SIZE")):
            pass
    try:
        yield
    finally:
        ballast.unlink()


def _goes_in(fd: int, count: int) -> bool:
    try:
        return os.write(fd, bytes(count)) > 0
    except OSError:
        return False


def _set_immutable(path: Path, *, is_immutable: bool) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(fd, GET_FLAGS, bytes(struct.calcsize("l"))))
        flags = flags | IMMUTABLE if is_immutable else flags & ~IMMUTABLE
        fcntl.ioctl(fd, SET_FLAGS, struct.pack("l", flags))
    finally:
        os.close(fd)


@dataclass(frozen=True)
class Away:
    """A way in which a ledger cannot be written for a while."""

    name: str
    reason: str
    """What the log says of it."""
    strike: InFolder
    """Keep the ledger in a data folder from being written."""
    place: InFolder = _anywhere
    """Prepare a data folder, before its coordinator starts."""

    def __str__(self) -> str:
        return self.name

    def lack(self, folder: Path) -> str:
        """Say why it cannot be done on this machine; empty when it can."""
        trial = folder / f"{self.name}-trial"
        try:
            with self.place(trial):
                trial.mkdir(exist_ok=True)
                with self.strike(trial):
                    return ""
        except (OSError, subprocess.CalledProcessError) as error:
            return f"cannot be done here: {error}"


EVERY = (
    Away("locked", "another process has locked it", _locked),
    Away("read-only", "the disk reports an error", _read_only),
    Away("full", "the disk is full", _full, _small_disk),
)
