"""What all tests share: which of them run where, and how they start processes of ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.end_to_end.forked import fork_from_now_on

SLOW_HERE = bool(os.environ.get("CI") or os.environ.get("SLOW"))


def pytest_configure() -> None:
    """Fork processes of ours, as they are started by the hundred."""
    fork_from_now_on()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait among those that compute; skip what is marked `slow`, except in CI."""
    places: dict[Path, float] = {}
    files = dict.fromkeys(item.path for item in items)
    for waits, share in ((True, 0.8), (False, 1.0)):
        part = [file for file in files if ("end_to_end" in file.parts) is waits]
        places |= {file: share * number / len(part) for number, file in enumerate(part)}
    items.sort(key=lambda item: places[item.path])
    if SLOW_HERE:
        return
    skip = pytest.mark.skip(reason="takes long: runs in CI, and with `make test SLOW=1`")
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(skip)
