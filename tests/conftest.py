"""What all tests share: which of them run where, and how they start processes of ours."""

from __future__ import annotations

import os

import pytest

from tests.end_to_end.forked import fork_from_now_on

SLOW_HERE = bool(os.environ.get("CI") or os.environ.get("SLOW"))


def pytest_configure() -> None:
    """Fork processes of ours, as they are started by the hundred."""
    fork_from_now_on()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked `slow`, except in CI."""
    if SLOW_HERE:
        return
    skip = pytest.mark.skip(reason="takes long: runs in CI, and with `make test SLOW=1`")
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(skip)
