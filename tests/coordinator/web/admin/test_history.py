"""What happened with one scanner lately."""

from __future__ import annotations

import asyncio

from coordinator.status.record import EVENTS_KEPT
from tests.coordinator.web.admin.scene import Scene


async def test_history_tells_the_latest_first(inside: Scene) -> None:
    """It came, was paused by somebody, failed and left; the words of a scanner are only words."""
    name = "<b>box"
    inside.credentials.add_scanner(name)
    generation = inside.connect(name)
    await inside.do("/do/pause", scanner=name, minutes="0", note="a <game>")
    now_s = asyncio.get_running_loop().time()
    inside.collectors.roster.fault(name, "out of memory")
    inside.collectors.roster.leave(name, generation, "connection lost", 0, now_s)
    assert "scanner?name=%3Cb%3Ebox" in await inside.read()
    page = await inside.read("/scanner?name=%3Cb%3Ebox")
    assert "<b>" not in page
    said = ["left: connection lost", "fault: out of memory", "pause, by anna: note=a &lt;game&gt;", "<dd>connected"]
    places = [page.index(text) for text in said]
    assert places == sorted(places)


async def test_history_is_bounded_and_may_be_empty(inside: Scene) -> None:
    """200 things at most; nobody is nobody."""
    assert "Nothing is known" in await inside.read("/scanner?name=box")
    assert "Nothing is known" in await inside.read("/scanner")
    inside.credentials.add_scanner("box")
    inside.connect("box")
    for number in range(EVENTS_KEPT + 5):
        inside.collectors.roster.fault("box", str(number))
    page = await inside.read("/scanner?name=box")
    assert f"The last {EVENTS_KEPT} things" in page
    assert "<dd>connected" not in page
