"""The processes that the other tests of this folder are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.caller import upload
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.processes import Coordinator, Scanner


@pytest.mark.parametrize("fresh", [False, True])
async def test_processes_serve_an_upload(tmp_path: Path, fresh: bool) -> None:
    """A coordinator and a scanner that were started here flag a bright picture, pass a dark one, and stop when told."""
    c = Coordinator(tmp_path)
    scanner = Scanner(c, "one")
    c.fresh = scanner.fresh = fresh
    async with c, scanner:
        flagged, clean = await upload(c, bright()), await upload(c, dark())
        assert (flagged.status, flagged.outcome) == (406, "flagged")
        assert flagged.report["parts"] == ["light"]
        assert (clean.status, clean.outcome) == (200, "clean")
        assert clean.report["parts"] == []
        assert await scanner.stop() == 0
        assert await c.stop() == 0
