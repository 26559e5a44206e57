"""The page, built anew for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.coordinator.web.admin.scene import Scene, scene


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Scene]:
    """The page, and nobody logged in."""
    async with scene(tmp_path) as built:
        yield built


@pytest.fixture
async def inside(here: Scene) -> Scene:
    """The page, logged in as anna."""
    await here.log_in("anna")
    return here
