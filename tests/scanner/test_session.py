"""One connection's life, driven message by message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from scanner.engine import Engine
from scanner.errors import ChannelClosedError, HelloTimeoutError, StalledError
from scanner.session import USUAL_PACE, Pace, Session
from shared.close_codes import CloseCode
from shared.errors import MalformedMessageError, ProtocolError, UnexpectedMessageError, UnknownMessageError
from shared.messages import Drain, Goodbye, Hello, Load, Ready, Received, Result
from shared.wire import encode
from tests.scanner.doubles import ScriptedChannel, TestModel, make_frame, make_hello, make_scan, make_welcome


class Stage:
    """A session at work, its channel and its model."""

    def __init__(self, engine: Engine, model: TestModel, pace: Pace = USUAL_PACE) -> None:
        self.engine = engine
        self.model = model
        self.channel = ScriptedChannel()
        self.session = Session(self.channel, engine, make_hello(), pace=pace)
        self.run = asyncio.create_task(self.session.run())

    async def end(self) -> BaseException | None:
        """Wait for the end of the session, and say what it was."""
        async with asyncio.timeout(20):
            await asyncio.wait({self.run})
        return self.run.exception()

    async def get_ready(self) -> None:
        """Do the opening up to the first load message."""
        assert isinstance(await self.channel.hear(), Hello)
        self.channel.say(make_welcome())
        assert isinstance(await self.channel.hear(), Load)
        assert await self.channel.hear() == Ready()
        await self.model.wait_until_trial_is_over()


@asynccontextmanager
async def stage(pace: Pace = USUAL_PACE) -> AsyncIterator[Stage]:
    """Run an engine and one session on it."""
    model = TestModel()
    engine = Engine(model, batch_frames=4)
    async with asyncio.TaskGroup() as group:
        computing = group.create_task(engine.run())
        made = Stage(engine, model, pace)
        try:
            yield made
        finally:
            model.gate.set()
            made.run.cancel()
            await asyncio.wait({made.run})
            computing.cancel()
            engine.close()


async def test_opening() -> None:
    """The scanner introduces itself, encodes the terms, tries a frame twice, says how fast it is, and is ready."""
    async with stage() as made:
        assert await made.channel.hear() == make_hello()
        made.channel.say(make_welcome(terms=("one", "two", "three")))
        load = await made.channel.hear()
        assert await made.channel.hear() == Ready()
    assert made.model.encoded == [("one", "two", "three")]
    assert made.model.batches == [[127], [127]]
    assert isinstance(load, Load)
    assert (load.capacity, load.paused, load.reason) == (8, False, "")
    assert load.frames_per_s > 0


async def test_scan_is_answered() -> None:
    """A scan comes back as scores."""
    async with stage() as made:
        await made.get_ready()
        made.channel.say(make_scan("s", frames=2), make_frame("s", 0), make_frame("s", 1))
        assert await made.channel.hear() == Received("s", 1)
        result = await made.channel.hear()
    assert isinstance(result, Result)
    assert (result.frames, result.terms) == (2, 2)


async def test_reading_goes_on_while_the_model_computes() -> None:
    """A message is taken in at once, however long the model needs for what came before."""
    async with stage() as made:
        await made.get_ready()
        made.model.gate.clear()
        made.channel.say(make_scan("a"), make_frame("a"))
        assert await made.channel.hear() == Received("a", 1)
        await made.model.wait_until_computing()
        made.channel.say(make_scan("b"), make_frame("b"))
        assert await made.channel.hear() == Received("b", 1)


async def test_reading_goes_on_while_the_terms_are_encoded() -> None:
    """A fault of the coordinator is noticed even while the scanner prepares."""
    async with stage() as made:
        made.model.gate.clear()
        made.channel.say(make_welcome())
        await made.model.wait_until_computing()
        made.channel.say(make_welcome())
        assert isinstance(await made.end(), UnexpectedMessageError)


async def test_problem_keeps_the_connection_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    """A scanner that is not needed stays connected, is not ready, logs the reason once and repeats it in its load."""
    problem = "the active model is another"
    with caplog.at_level(logging.WARNING, "scanner"):
        async with stage(Pace(load_interval_s=0.0)) as made:
            await made.channel.hear()
            made.channel.say(make_welcome(problem=problem, model="another"))
            loads = [await made.channel.hear() for _ in range(3)]
            assert not made.run.done()
    for load in loads:
        assert isinstance(load, Load)
        assert (load.paused, load.reason) == (True, problem)
    assert [record.message for record in caplog.records if problem in record.message] == [
        f"connected as s1, but gets no work: {problem}"
    ]
    assert made.model.encoded == []


async def test_scan_despite_a_problem_is_unexpected() -> None:
    """A scanner with a problem is pushed nothing."""
    async with stage() as made:
        made.channel.say(make_welcome(problem="no"), make_scan("s"))
        assert isinstance(await made.end(), UnexpectedMessageError)


async def test_welcome_for_a_model_that_was_not_offered_is_unexpected() -> None:
    """Scores of another model than the coordinator believes would be judged wrongly."""
    async with stage() as made:
        made.channel.say(make_welcome(model="another"))
        assert isinstance(await made.end(), UnexpectedMessageError)


async def test_terms_that_cannot_be_encoded_pause_the_scanner(caplog: pytest.LogCaptureFixture) -> None:
    """The scanner stays, is not ready, and names the fault without its text."""
    async with stage() as made:
        made.model.terms_error = ValueError("a text that may hold anything")
        await made.channel.hear()
        made.channel.say(make_welcome())
        load = await made.channel.hear()
        assert not made.run.done()
    assert isinstance(load, Load)
    assert (load.paused, load.reason) == (True, "cannot prepare the model: ValueError")


async def test_load_is_sent_again_and_again() -> None:
    """The coordinator hears how the scanner is doing without asking."""
    async with stage(Pace(load_interval_s=0.0)) as made:
        await made.get_ready()
        assert isinstance(await made.channel.hear(), Load)
        assert isinstance(await made.channel.hear(), Load)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\xc1", MalformedMessageError),
        (encode(Ready()), UnknownMessageError),
        ("text", MalformedMessageError),
        (encode(make_scan("s", size=32)), UnexpectedMessageError),
        (encode(make_frame("s")), UnexpectedMessageError),
        (encode(make_welcome()), UnexpectedMessageError),
    ],
    ids=["malformed", "unknown", "text", "scan of wrong size", "frame of no scan", "second welcome"],
)
async def test_fault_of_the_coordinator_ends_the_session(data: bytes | str, error: type[ProtocolError]) -> None:
    """What breaks the protocol closes this connection with the code for it."""
    async with stage() as made:
        await made.get_ready()
        made.channel.to_scanner.put_nowait(data)
        fault = await made.end()
    assert isinstance(fault, error)
    assert fault.close_code is CloseCode.MALFORMED


async def test_closed_connection_ends_the_session() -> None:
    """The close code reaches whoever has to decide what comes next."""
    async with stage() as made:
        await made.get_ready()
        made.channel.hang_up(CloseCode.REVOKED)
        fault = await made.end()
    assert isinstance(fault, ChannelClosedError)
    assert fault.code == CloseCode.REVOKED


async def test_missing_welcome_ends_the_session() -> None:
    """A coordinator that does not answer hello is given up with a code of its own."""
    async with stage(Pace(hello_timeout_s=0.0)) as made:
        fault = await made.end()
    assert isinstance(fault, HelloTimeoutError)
    assert fault.close_code is CloseCode.HELLO_TIMEOUT


async def test_coordinator_that_does_not_read_ends_the_session() -> None:
    """Messages for a coordinator that reads nothing gather up to a bound, not for ever."""
    async with stage(Pace(load_interval_s=0.0)) as made:
        made.channel.reading.clear()
        made.channel.say(make_welcome())
        fault = await made.end()
    assert isinstance(fault, StalledError)
    assert fault.close_code is CloseCode.STALLED


async def test_drain_of_the_coordinator_stops_nothing() -> None:
    """What is in flight is finished, and the connection stays until the coordinator closes it."""
    async with stage() as made:
        await made.get_ready()
        made.model.gate.clear()
        made.channel.say(make_scan("s"), make_frame("s"), Drain("restart"))
        assert await made.channel.hear() == Received("s", 1)
        made.model.gate.set()
        assert isinstance(await made.channel.hear(), Result)
        assert not made.run.done()


async def test_drain_finishes_what_is_in_flight() -> None:
    """Asked to drain, the scanner says so, takes what was pushed meanwhile, finishes, and says goodbye last."""
    async with stage() as made:
        await made.get_ready()
        made.model.gate.clear()
        made.channel.say(make_scan("a"), make_frame("a"))
        assert await made.channel.hear() == Received("a", 1)
        made.session.drain()
        said = [await made.channel.hear(), await made.channel.hear()]
        assert [type(message) for message in said] == [Drain, Load]
        made.channel.say(make_scan("b"), make_frame("b"), Drain("understood"))
        assert await made.channel.hear() == Received("b", 1)
        made.model.gate.set()
        results = [await made.channel.hear(), await made.channel.hear()]
        assert [message.scan_id for message in results if isinstance(message, Result)] == ["a", "b"]
        assert isinstance(await made.channel.hear(), Goodbye)
        assert await made.end() is None


async def test_drain_needs_no_answer() -> None:
    """A coordinator that ignores drain is left all the same."""
    async with stage(Pace(drain_answer_timeout_s=0.0)) as made:
        await made.get_ready()
        made.session.drain()
        assert isinstance(await made.channel.hear(), Drain)
        assert await made.end() is None


async def test_drain_before_the_first_message_says_hello_first() -> None:
    """However early the signal comes, the order of messages holds."""
    async with stage() as made:
        made.session.drain()
        said = [await made.channel.hear(), await made.channel.hear()]
        assert [type(message) for message in said] == [Hello, Drain]


async def test_drain_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """A scan that does not end does not keep the process."""
    async with stage(Pace(drain_timeout_s=0.0)) as made:
        await made.get_ready()
        made.model.gate.clear()
        made.channel.say(make_scan("s"), make_frame("s"))
        assert await made.channel.hear() == Received("s", 1)
        made.session.drain()
        assert await made.end() is None
    assert "gave up draining with 1 frames in flight" in caplog.text


async def test_ended_session_gives_its_work_up() -> None:
    """The engine computes nothing for a connection that is gone."""
    async with stage() as made:
        await made.get_ready()
        made.model.gate.clear()
        made.channel.say(make_scan("a"), make_frame("a", light=1))
        await made.model.wait_until_computing()
        made.channel.say(make_scan("b"), make_frame("b", light=2))
        made.channel.hang_up()
        await made.end()
        made.model.gate.set()
        second = ScriptedChannel()
        again = asyncio.create_task(Session(second, made.engine, make_hello()).run())
        await second.hear()
        second.say(make_welcome())
        assert isinstance(await second.hear(), Load)
        assert await second.hear() == Ready()
        again.cancel()
        await asyncio.wait({again})
    assert made.model.batches == [[127], [127], [1]]
