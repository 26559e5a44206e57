"""Messages to a scanner wait in order, and can be taken back."""

from __future__ import annotations

import asyncio

from coordinator.web.outbox import Outbox
from shared.messages import Cancel, Frame, Lane, Scan


def scan(name: str) -> Scan:
    """Announce a scan of two frames."""
    return Scan(name, 1, 100.0, Lane.LIVE, 2, 16)


def frame(name: str, index: int) -> Frame:
    """Make a frame of it."""
    return Frame(name, index, b"")


async def test_outbox_gives_messages_in_order() -> None:
    """First in, first out."""
    outbox = Outbox()
    outbox.put(scan("a"), frame("a", 0))
    outbox.put(Cancel("b"))
    assert [await outbox.get() for _ in range(3)] == [scan("a"), frame("a", 0), Cancel("b")]


async def test_outbox_get_waits_for_a_message() -> None:
    """An empty outbox keeps its reader waiting until something is put in."""
    outbox = Outbox()
    waiting = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.put(Cancel("a"))
    assert await waiting == Cancel("a")


async def test_outbox_drop_takes_back_what_is_not_sent() -> None:
    """An unsent scan is taken back whole, others stay, and nobody needs to be told."""
    outbox = Outbox()
    outbox.put(scan("a"), frame("a", 0), scan("b"), frame("b", 0))
    assert outbox.drop("a")
    assert [await outbox.get() for _ in range(len(outbox))] == [scan("b"), frame("b", 0)]


async def test_outbox_drop_says_when_the_scan_was_announced() -> None:
    """Once its announcement is out, only the frames are taken back, and the scanner must be told."""
    outbox = Outbox()
    outbox.put(scan("a"), frame("a", 0), frame("a", 1))
    await outbox.get()
    assert not outbox.drop("a")
    assert len(outbox) == 0
    assert not outbox.drop("never heard of")


async def test_outbox_clear_lets_go_of_everything() -> None:
    """Nothing is left after clear."""
    outbox = Outbox()
    outbox.put(scan("a"), frame("a", 0))
    outbox.clear()
    assert len(outbox) == 0
