"""What a scanner worked out once and need not work out again: files in a folder that only this user may read."""

from __future__ import annotations

import json
import logging
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from scanner.models import Embeddings

logger = logging.getLogger(__name__)

FOLDER_MODE, FILE_MODE = 0o700, 0o600

Key = Mapping[str, str]
"""All that a note depends on: another value of anything makes another note."""


class Notes:
    """Small values by kind and key, as JSON. A note that cannot be read or written costs time, and nothing else.

    Two scanners may share a folder: a note is written beside its place and then moved there.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when the first note is."""
        self.folder = folder

    def __repr__(self) -> str:
        return f"<Notes in {self.folder}>"

    def read(self, kind: str, key: Key) -> Any:
        """Give the value, or None when there is none, or none that can be trusted."""
        path = self._path(kind, key)
        try:
            if not self._is_ours():
                logger.warning("%s was open to others, so nothing in it is believed", self.folder)
                return None
            note = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            logger.warning("%s cannot be read (%s), so it is worked out again", path, error)
            return None
        if not isinstance(note, dict) or note.get("key") != dict(key) or note.get("check") != _check(note.get("value")):
            logger.warning("%s is damaged, so it is worked out again", path)
            return None
        return note["value"]

    def write(self, kind: str, key: Key, value: Any) -> None:
        """Keep a value that JSON can hold."""
        path = self._path(kind, key)
        part = path.with_suffix(f".{os.getpid()}")
        try:
            self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            if not self._is_ours():
                self._clear()
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "w", encoding="utf-8") as file:
                json.dump({"key": dict(key), "check": _check(value), "value": value}, file)
            part.replace(path)
        except OSError as error:
            logger.warning("%s cannot be written (%s), so it will be worked out again", path, error)

    def read_rows(self, kind: str, key: Key) -> Embeddings | None:
        """Give a table of numbers that `write_rows` kept, or None."""
        value = self.read(kind, key)
        if value is None:
            return None
        rows: Embeddings = np.frombuffer(b64decode(value["float32"]), "<f4").reshape(value["shape"]).copy()
        return rows

    def write_rows(self, kind: str, key: Key, rows: Embeddings) -> None:
        """Keep a table of numbers."""
        content = np.ascontiguousarray(rows, "<f4").tobytes()
        self.write(kind, key, {"shape": list(rows.shape), "float32": b64encode(content).decode()})

    def _is_ours(self) -> bool:
        found = self.folder.stat()
        return found.st_uid == os.getuid() and not found.st_mode & 0o077

    def _clear(self) -> None:
        """Close the folder to others, and forget what they may have put there."""
        self.folder.chmod(FOLDER_MODE)
        for path in self.folder.glob("*.json"):
            path.unlink()

    def _path(self, kind: str, key: Key) -> Path:
        return self.folder / f"{kind}-{sha256(_text(dict(key)).encode()).hexdigest()[:32]}.json"


def _check(value: Any) -> str:
    return sha256(_text(value).encode()).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
