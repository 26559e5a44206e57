"""One limited process: what happens in the turn of the loop in which its upload is given up."""

from __future__ import annotations

import asyncio
from typing import Any

from coordinator.media.child import Child
from coordinator.media.limited import COMMAND
from coordinator.media.limits import Limits
from coordinator.media.looks import Views
from coordinator.media.pipe import Request
from coordinator.media.sniff import Format
from tests.coordinator.media.pictures import encoded, photograph


async def test_child_answers_an_upload_that_was_given_up_just_now() -> None:
    """An answer that comes when nobody waits any more is taken, and is no fault of the event loop's."""
    faults: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, fault: faults.append(fault))
    body = encoded(photograph(), "JPEG")
    child = Child(COMMAND, Limits(), on_done=lambda _: None, on_lost=lambda _: None)
    try:
        async with asyncio.timeout(30):
            await child.ready
            exchange = child.ask(Request(Format.JPEG, Views.CENTRE, 32, len(body), 20.0), [body])
            child.ended.cancel()
            while exchange.done is None and not faults:  # noqa: ASYNC110 -- what happens in the kernel has no event
                await asyncio.sleep(0.005)
    finally:
        child.kill()
        await child.reaped()
    assert not faults
    assert exchange.done is not None
