"""The shell: what it looks at, how often, and what it tells."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.engine import Engine
from scanner.manners.decision import Rules
from scanner.manners.gpu import ASIDE_AFTER_S, CardReading
from scanner.manners.hours import Hours
from scanner.manners.order import Order
from scanner.manners.state_dir import StateDir
from scanner.manners.watch import GAUGE_S, LOOK_S, Watch
from tests.scanner.doubles import Clock, TestModel
from tests.scanner.manners.doubles import StubGauge, StubWorker, Wall

IDLE = StubWorker()


def test_watch_looks_no_more_than_once_a_second() -> None:
    """Looking costs a machine that rests as little as this; and the driver averages over a second."""
    assert LOOK_S >= 1.0
    assert GAUGE_S > 1.0


async def test_pause_and_resume_reach_the_sessions(tmp_path: Path) -> None:
    """An order that is left in the folder counts at the next look, and wakes whoever waits for news."""
    there, wall = StateDir(tmp_path), Wall()
    watch = Watch(Rules(), state_dir=StateDir(tmp_path), gauge=None, wall=wall)
    assert watch.pauses.reason == ""
    news = asyncio.create_task(watch.pauses.changed())
    there.write(Order(1, True))
    await watch.look(IDLE)
    await news
    assert watch.pauses.reason == "paused on its machine until `fediward-scanner resume`"
    there.write(Order(2, False))
    await watch.look(IDLE)
    assert watch.pauses.reason == ""


async def test_pause_survives_a_restart_and_runs_out(tmp_path: Path) -> None:
    """A watch that is made anew is paused from the first moment, and works when the time is over."""
    wall = Wall()
    StateDir(tmp_path).write(Order(1, True, wall.now.timestamp() + 60))
    watch = Watch(Rules(), state_dir=StateDir(tmp_path), gauge=None, wall=wall)
    assert watch.pauses.reason.startswith("paused on its machine until 2026-07-01 12:01")
    wall.now += timedelta(seconds=60)
    await watch.look(IDLE)
    assert watch.pauses.reason == ""


async def test_all_reasons_are_told_and_each_change_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Reasons come together in their order; the log has a line a change and none where nothing changed."""
    there, wall = StateDir(tmp_path), Wall()
    with caplog.at_level(logging.INFO, "scanner.manners"):
        watch = Watch(Rules(hours=Hours.parse("22-08")), state_dir=there, gauge=None, wall=wall)
        await watch.look(IDLE)
        there.write(Order(1, True))
        await watch.look(IDLE)
        there.write(Order(2, False))
        await watch.look(IDLE)
        wall.now += timedelta(hours=12)
        await watch.look(IDLE)
        await watch.look(IDLE)
    hours = "outside its hours, 22:00-08:00 (UTC+0200)"
    assert [record.message for record in caplog.records] == [
        f"no new scans: {hours}",
        f"no new scans: paused on its machine until `fediward-scanner resume`; {hours}",
        f"no new scans: {hours}",
        "new scans are welcome again",
    ]


async def test_order_that_cannot_be_read_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was ordered before holds, and the fault is logged once, and again when it comes back."""
    there, file = StateDir(tmp_path), tmp_path / "order.json"
    there.write(Order(1, True))
    watch = Watch(Rules(), state_dir=there, gauge=None, wall=Wall())
    for _ in range(2):
        file.write_text("something else")
        await watch.look(IDLE)
        await watch.look(IDLE)
        assert watch.pauses.reason
        there.write(Order(1, True))
        await watch.look(IDLE)
    assert [record.levelname for record in caplog.records if "something else" in record.message] == ["WARNING"] * 2


async def test_gpu_is_read_every_other_second() -> None:
    """Between two readings the looks do not ask the driver."""
    clock, gauge = Clock(), StubGauge()
    watch = Watch(Rules(yield_gpu_percent=30), state_dir=None, gauge=gauge, clock=clock)
    for now_s in (0.0, 1.0, 2.0, 3.0):
        clock.now_s = now_s
        await watch.look(IDLE)
    assert gauge.reads == 2
    watch.close()
    assert gauge.closed


async def see(watch: Watch, clock: Clock, worker: StubWorker, *, for_s: float) -> None:
    """Let the watch look at the GPU for a while."""
    until_s = clock.now_s + for_s
    while clock.now_s < until_s:
        clock.now_s += GAUGE_S
        await watch.look(worker)


async def test_others_use_of_the_gpu_pauses_an_idle_scanner() -> None:
    """What an idle scanner sees of the GPU is others' use."""
    clock, gauge = Clock(), StubGauge(share_percent=80.0)
    watch = Watch(Rules(yield_gpu_percent=30), state_dir=None, gauge=gauge, clock=clock)
    await see(watch, clock, IDLE, for_s=2 * GAUGE_S + ASIDE_AFTER_S)
    assert watch.pauses.reason == "other programs use 30 % of the GPU or more"
    gauge.share_percent = 0.0
    await see(watch, clock, IDLE, for_s=120)
    assert watch.pauses.reason == ""


@pytest.mark.parametrize("busy", [True, False], ids=["in the middle of a batch", "between two batches"])
async def test_own_use_of_the_gpu_pauses_nobody(busy: bool) -> None:
    """A scanner that computed since the last reading does not take its own work for a game."""
    clock, worker = Clock(), StubWorker(busy=busy)
    watch = Watch(Rules(yield_gpu_percent=30), state_dir=None, gauge=StubGauge(share_percent=99.0), clock=clock)
    for _ in range(20):
        worker.turns += 0 if busy else 1
        await see(watch, clock, worker, for_s=GAUGE_S)
    assert watch.pauses.reason == ""


async def test_scanner_at_rest_sees_others_again() -> None:
    """Work that is over leaves no doubt about whose use a later reading shows."""
    clock, worker = Clock(), StubWorker(turns=7)
    watch = Watch(Rules(yield_gpu_percent=30), state_dir=None, gauge=StubGauge(share_percent=99.0), clock=clock)
    await see(watch, clock, worker, for_s=3 * GAUGE_S + ASIDE_AFTER_S)
    assert watch.pauses.reason


async def test_driver_tells_this_process_by_its_id() -> None:
    """A scanner at work steps aside for the other processes that the driver knows beside this one."""

    class BothGauge(StubGauge):
        def read(self) -> list[CardReading]:
            return [CardReading(100.0, {os.getpid(): 60.0, 1: 40.0})]

    clock = Clock()
    watch = Watch(Rules(yield_gpu_percent=30), state_dir=None, gauge=BothGauge(), clock=clock)
    await see(watch, clock, StubWorker(busy=True), for_s=2 * GAUGE_S + ASIDE_AFTER_S)
    assert watch.pauses.reason


async def test_driver_that_is_lost_lets_the_scanner_work(caplog: pytest.LogCaptureFixture) -> None:
    """Without readings the scanner works; the fault is logged once, and again when it comes back."""
    clock, gauge = Clock(), StubGauge(share_percent=80.0)
    watch = Watch(Rules(yield_gpu_percent=30), state_dir=None, gauge=gauge, clock=clock)
    for _ in range(2):
        gauge.fault = ""
        await see(watch, clock, IDLE, for_s=2 * GAUGE_S + ASIDE_AFTER_S)
        assert watch.pauses.reason
        gauge.fault = "GPU is lost"
        await see(watch, clock, IDLE, for_s=4 * GAUGE_S)
        assert watch.pauses.reason == ""
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert [message for message in warnings if "GPU is lost" in message] == warnings
    assert len(warnings) == 2


async def test_run_goes_on_looking(tmp_path: Path) -> None:
    """`run` sees an order by itself."""
    there = StateDir(tmp_path)
    watch = Watch(Rules(), state_dir=there, gauge=None)
    running = asyncio.create_task(watch.run(IDLE))
    there.write(Order(1, True))
    async with asyncio.timeout(30):
        while not watch.pauses.reason:
            await watch.pauses.changed()
    running.cancel()


async def test_engine_counts_its_turns() -> None:
    """The engine says whether its model computed between two looks: each preparation and each batch is a turn."""
    engine = Engine(TestModel(), batch_frames=4)
    assert (engine.busy, engine.turns) == (False, 0)
    await engine.prepare(("one",))
    assert (engine.busy, engine.turns) == (False, 1)
    engine.close()
