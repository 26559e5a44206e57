"""Which tests run where: the slow ones in CI, and where somebody asks for them."""

from __future__ import annotations

import os

import pytest

SLOW_HERE = bool(os.environ.get("CI") or os.environ.get("SLOW"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked `slow`, except in CI."""
    if SLOW_HERE:
        return
    skip = pytest.mark.skip(reason="takes long: runs in CI, and with `make test SLOW=1`")
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(skip)
