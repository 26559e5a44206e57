"""What an admin has set while the coordinator runs."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from coordinator.dispatch.machine import Machine
from coordinator.hub import Hub
from coordinator.judge.outcomes import Mode, OutcomeTable
from coordinator.ledger.times import now
from coordinator.steering import Steering
from shared.errors import ConfigurationError
from tests.end_to_end.waiting import until


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A hub without scanners."""
    hub = Hub(Machine())
    yield hub
    hub.close()


def held(hub: Hub) -> set[str]:
    """Return the scanners that get nothing."""
    return hub.machine.fleet.held


def change_of(steering: Steering) -> tuple[str, Mode] | None:
    """Return who set which mode in the place of the setting's."""
    change = steering.mode_change
    return None if change is None else (change.who, change.mode)


async def test_steering_pauses_outlive_a_restart(hub: Hub, tmp_path: Path) -> None:
    """With who, why and until when; a resumed scanner is not in the file any more."""
    file, end = tmp_path / "steering.json", now() + timedelta(hours=1)
    steering = Steering(file, hub=hub, outcomes=OutcomeTable({}))
    await steering.pause("one", who="anna", note="warm", until=end)
    await steering.pause("two", who="ben")
    assert await steering.resume("two")
    assert not await steering.resume("two")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    later = Hub(Machine())
    again = Steering(file, hub=later, outcomes=OutcomeTable({}))
    assert held(hub) == held(later) == {"one"}
    assert again.pauses == steering.pauses
    assert (again.pauses["one"].who, again.pauses["one"].note, again.pauses["one"].until) == ("anna", "warm", end)
    later.close()


async def test_steering_pauses_end_by_themselves(hub: Hub, tmp_path: Path) -> None:
    """In the order of their ends, also those that ended while nobody was there, and one that is made shorter."""
    file = tmp_path / "steering.json"
    steering = Steering(file, hub=hub, outcomes=OutcomeTable({}))
    await steering.pause("past", who="anna", until=now() - timedelta(days=1))
    await steering.pause("for-ever", who="anna")
    await steering.pause("soon", who="anna", until=now() + timedelta(days=1))
    ending = asyncio.create_task(steering.end_pauses())
    await until(lambda: "past" not in held(hub), within_s=10, what="the first ends")
    await steering.pause("soon", who="anna", until=now() + timedelta(seconds=0.05))
    await until(lambda: "soon" not in held(hub), within_s=10, what="the second ends")
    await until(lambda: "soon" not in file.read_text(), within_s=10, what="the file knows")
    ending.cancel()
    assert held(hub) == {"for-ever"}


async def test_steering_mode_outlives_a_restart_until_the_setting_changes(hub: Hub, tmp_path: Path) -> None:
    """What was set on the page counts until FEDIWARD_MODE itself is changed, or it is taken back."""
    file, outcomes = tmp_path / "steering.json", OutcomeTable({}, Mode.ENFORCE)
    await Steering(file, hub=hub, outcomes=outcomes).set_mode(Mode.SHADOW, who="anna")
    assert outcomes.mode == Mode.SHADOW
    again = Steering(file, hub=hub, outcomes=OutcomeTable({}, Mode.ENFORCE))
    assert again.mode == Mode.SHADOW
    assert again.mode_setting is Mode.ENFORCE
    assert change_of(again) == ("anna", Mode.SHADOW)
    assert change_of(Steering(file, hub=hub, outcomes=OutcomeTable({}, Mode.SHADOW))) is None
    await again.set_mode(Mode.ENFORCE, who="ben")
    assert change_of(again) is None
    assert Steering(file, hub=hub, outcomes=OutcomeTable({}, Mode.ENFORCE)).mode is Mode.ENFORCE


async def test_steering_file_that_is_damaged(hub: Hub, tmp_path: Path) -> None:
    """One sentence before anything is served."""
    file = tmp_path / "steering.json"
    file.write_text('{"pauses": 1}')
    with pytest.raises(ConfigurationError, match="is damaged"):
        Steering(file, hub=hub, outcomes=OutcomeTable({}))
