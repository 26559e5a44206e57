"""A folder that not even root can list: its path is too long, while a folder above it has a longer name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATH_MAX = 4096
"""linux/limits.h."""

NAME_LENGTH = 240


class Deep:
    """A store with a folder so deep that its path is not much shorter than a path may be."""

    def __init__(self, parent: Path) -> None:
        self.root = parent / "r"
        full, rest = divmod(PATH_MAX - NAME_LENGTH // 2 - len(str(self.root)), NAME_LENGTH + 1)
        self.folder = self.root.joinpath("d" * (rest - 1), *["d" * NAME_LENGTH] * full)
        self.folder.mkdir(parents=True)

    @property
    def place(self) -> bytes:
        """The folder, as a listing of the store names it."""
        return bytes(self.folder.relative_to(self.root)) + b"/"

    @contextmanager
    def renamed(self) -> Iterator[Path]:
        """Give the store a longer name for a while, with which the folder cannot be listed; yield its path."""
        longer = self.root.with_name("r" * NAME_LENGTH)
        self.root.rename(longer)
        try:
            yield longer
        finally:
            longer.rename(self.root)
