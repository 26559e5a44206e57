"""How the later look keeps out of the way."""

from __future__ import annotations

import asyncio

from coordinator.intake import Intake
from coordinator.later.give_way import GiveWay

LONG_S = 600.0


async def test_give_way_between_steps() -> None:
    """Each step waits for the live uploads that came meanwhile."""
    intake = Intake()
    give_way = GiveWay(intake, patience_s=LONG_S, rest=0.0)
    async with give_way.look():
        with intake.upload():
            step = asyncio.create_task(give_way.step())
            await asyncio.sleep(0)
            assert not step.done()
        await step


async def test_give_way_for_so_long_only() -> None:
    """When there is never a moment without live uploads, a look waits once for as long as it may, and then goes on."""
    intake = Intake()
    give_way = GiveWay(intake, patience_s=0.01, rest=0.0)
    with intake.upload():
        async with give_way.look():
            await asyncio.wait_for(give_way.step(), 5)
            began_s = asyncio.get_running_loop().time()
            await give_way.step()
            assert asyncio.get_running_loop().time() - began_s < 5


async def test_give_way_rests_while_uploads_come() -> None:
    """After a look there is a pause as long as it worked, when uploads came of late; otherwise there is none."""
    intake = Intake()
    give_way = GiveWay(intake, recent_s=LONG_S, rest=LONG_S)
    async with asyncio.timeout(20), give_way.look():
        await asyncio.sleep(0.01)
    with intake.upload():
        pass

    async def look() -> None:
        async with give_way.look():
            await asyncio.sleep(0.01)

    looking = asyncio.create_task(look())
    done, _ = await asyncio.wait({looking}, timeout=0.2)
    assert not done
    looking.cancel()
