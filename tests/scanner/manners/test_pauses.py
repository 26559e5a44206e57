"""The reason for a pause on its way to the coordinator, through a session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scanner.engine import Engine
from scanner.manners.pauses import Pauses
from scanner.session import Pace, Session
from shared.messages import FromScanner, Load, Ready, Received, Result
from tests.scanner.doubles import ScriptedChannel, TestModel, make_frame, make_hello, make_scan, make_welcome


@asynccontextmanager
async def session(pauses: Pauses, model: TestModel) -> AsyncIterator[ScriptedChannel]:
    """Run a session that sends no load message for want of news, and give its channel after hello."""
    channel, engine = ScriptedChannel(), Engine(model, batch_frames=4)
    async with asyncio.TaskGroup() as group:
        computing = group.create_task(engine.run())
        run = group.create_task(
            Session(channel, engine, make_hello(), pauses=pauses, pace=Pace(load_interval_s=3600)).run()
        )
        await channel.hear()
        channel.say(make_welcome())
        try:
            yield channel
        finally:
            model.gate.set()
            run.cancel()
            computing.cancel()
            engine.close()


def state(message: FromScanner) -> tuple[bool, str]:
    """Return what a load message says of a pause."""
    assert isinstance(message, Load)
    return message.paused, message.reason


async def test_pauses_are_said_at_once() -> None:
    """The coordinator hears of a pause, and of its end, without waiting for the next regular message."""
    pauses = Pauses()
    async with session(pauses, TestModel()) as channel:
        assert state(await channel.hear()) == (False, "")
        assert await channel.hear() == Ready()
        pauses.change("a game")
        assert state(await channel.hear()) == (True, "a game")
        pauses.change("")
        assert state(await channel.hear()) == (False, "")


async def test_pause_from_before_the_connection_is_said_before_ready() -> None:
    """Nothing is pushed to a scanner that starts paused, because ready comes later."""
    async with session(Pauses("a game"), TestModel()) as channel:
        assert state(await channel.hear()) == (True, "a game")
        assert await channel.hear() == Ready()


async def test_paused_scanner_finishes_what_it_has() -> None:
    """What is in flight, and what was pushed before the coordinator heard of the pause, is answered."""
    pauses, model = Pauses(), TestModel()
    async with session(pauses, model) as channel:
        assert [type(await channel.hear()) for _ in range(2)] == [Load, Ready]
        await model.wait_until_trial_is_over()
        model.gate.clear()
        channel.say(make_scan("a"), make_frame("a"))
        assert await channel.hear() == Received("a", 1)
        await model.wait_until_computing()
        pauses.change("a game")
        assert state(await channel.hear()) == (True, "a game")
        channel.say(make_scan("b"), make_frame("b"))
        assert await channel.hear() == Received("b", 1)
        model.gate.set()
        results = [await channel.hear(), await channel.hear()]
    assert [result.scan_id for result in results if isinstance(result, Result)] == ["a", "b"]


def test_pauses_show_their_state() -> None:
    """The repr is a status line."""
    assert repr(Pauses()) == "<Pauses working>"
    assert repr(Pauses("a game")) == "<Pauses a game>"
