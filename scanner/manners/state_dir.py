"""The folder in which `pause` and `resume` leave their order, and in which a scanner shows that it runs.

order.json      the last order, replaced in one step; mode 0600
running         locked (shared) by every scanner that reads this folder, for as long as it lives
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from scanner.manners.errors import OrderError
from scanner.manners.order import Order

MOST_BYTES = 400
"""More than any order: what is longer is not read, however deep it nests."""


def default_state_dir(environment: Mapping[str, str], home: Path) -> Path:
    """Return the folder by the XDG base directory specification: `$XDG_STATE_HOME`, or `.local/state` at home."""
    base = environment.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    return (Path(base) if base.startswith("/") else home / ".local" / "state") / "fediward"


class StateDir:
    """One such folder. Methods do small file work: call them outside the event loop."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is made before it is needed."""
        self.folder = folder
        self._file = folder / "order.json"
        self._running = folder / "running"
        self._claim: int | None = None

    def __repr__(self) -> str:
        return f"<StateDir {self.folder}>"

    def claim(self) -> None:
        """Show that a scanner runs here, until `release` or the end of the process. Raises OSError."""
        self._make()
        descriptor = os.open(self._running, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except OSError:
            os.close(descriptor)
            raise
        self._claim = descriptor

    def release(self) -> None:
        """Take the claim back, if there is one."""
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def is_claimed(self) -> bool:
        """Say whether a scanner runs here. Raises OSError."""
        try:
            descriptor = os.open(self._running, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def read(self) -> Order | None:
        """Return the last order, None if there was none. Raises OrderError."""
        try:
            with self._file.open("rb") as file:
                return Order.decode(file.read(MOST_BYTES).decode())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OrderError(f"{self._file}: {error.strerror}") from error
        except ValueError as error:
            raise OrderError(f"{self._file} holds something else") from error

    def write(self, order: Order) -> None:
        """Leave an order for the scanners that read this folder. Raises OSError."""
        self._make()
        descriptor, name = tempfile.mkstemp(prefix="order-", dir=self.folder)  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(order.encode())
                file.flush()
                if os.geteuid() == 0:
                    # `sudo fediward-scanner pause` must not leave what a scanner of another user cannot read.
                    owner = self.folder.stat()
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
                os.fsync(file.fileno())
            Path(name).replace(self._file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _make(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
