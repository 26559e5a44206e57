"""Whether answers count, changed on the page."""

from __future__ import annotations

from coordinator.ledger.audit import What
from tests.coordinator.web.admin.scene import Scene


async def test_mode_changes_once_one_is_sure(inside: Scene) -> None:
    """The outcome table follows at once, the page says who did it and that it survives, and the log holds it."""
    assert (await inside.send("/do/mode", mode="shadow")).status_code == 400
    assert inside.mode == "enforce"
    page = await inside.do("/do/mode", mode="shadow", sure="yes")
    assert inside.mode == "shadow"
    assert "Set here by anna" in page
    assert "survives a restart" in page
    page = await inside.do("/do/mode", mode="enforce", sure="yes")
    assert inside.mode == "enforce"
    assert "Set here by" not in page
    assert [entry.details for entry in await inside.audited(What.MODE)] == [{"mode": "shadow"}, {"mode": "enforce"}]


async def test_mode_that_there_is_not(inside: Scene) -> None:
    """It is refused."""
    assert (await inside.send("/do/mode", mode="off", sure="yes")).status_code == 400
