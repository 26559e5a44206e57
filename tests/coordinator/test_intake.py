"""Uploads on their way are counted, so that a stop can wait for them."""

from __future__ import annotations

import asyncio

from coordinator.intake import Intake
from shared.messages import Lane


async def test_intake_drained_waits_for_the_last_upload() -> None:
    """Drained only when every upload has ended."""
    intake = Intake()
    with intake.upload():
        with intake.upload():
            pass
        drained = asyncio.create_task(intake.drained())
        await asyncio.sleep(0)
        assert not drained.done()
    await asyncio.wait_for(drained, 1)
    assert intake.open_uploads == 0


async def test_intake_stop_admits_no_more() -> None:
    """After a stop only earlier uploads are admitted; one that ends with an error is counted out all the same."""
    intake = Intake()
    try:
        with intake.upload() as before:
            intake.stop()
            with intake.upload() as after:
                assert (before, after) == (True, False)
            raise LookupError
    except LookupError:
        pass
    assert (intake.is_open, intake.open_uploads) == (False, 0)


async def test_intake_is_calm_without_live_uploads() -> None:
    """Who gives way to live uploads waits for the last of them, and not for sweeps."""
    intake = Intake()
    with intake.upload(Lane.SWEEP):
        await asyncio.wait_for(intake.calm(within_s=600), 1)
        with intake.upload(Lane.LIVE):
            waiting = asyncio.create_task(intake.calm(within_s=600))
            await asyncio.sleep(0)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 1)
    assert (intake.uploads, intake.live_uploads, intake.open_live) == (2, 1, 0)


async def test_intake_is_waited_for_so_long_only() -> None:
    """When live uploads never end, who gives way goes on after a while."""
    intake = Intake()
    with intake.upload(Lane.LIVE):
        await asyncio.wait_for(intake.calm(within_s=0.01), 5)
        await asyncio.wait_for(intake.calm(within_s=0.0), 5)


def test_intake_tells_of_live_uploads_and_of_the_end_of_the_last() -> None:
    """Who keeps out of the way is told of each live upload and when they end, and nothing of sweeps."""
    told: list[str] = []
    intake = Intake(on_live=lambda: told.append("live"), on_calm=lambda: told.append("calm"))
    with intake.upload(Lane.SWEEP):
        assert told == []
    with intake.upload(), intake.upload(), intake.upload(Lane.SWEEP):
        assert told == ["live", "live"]
    assert told == ["live", "live", "calm"]
