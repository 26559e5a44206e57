"""The scans of one connection and their bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from scanner.engine import Engine
from scanner.inbox import REMEMBERED_CANCELS, Inbox, kind_of
from shared.errors import UnexpectedMessageError
from shared.messages import Cancel, Failure, FailureKind, FromScanner, Progress, Received, Result
from tests.scanner.doubles import SIZE, Clock, TestModel, make_frame, make_scan, make_welcome


class Bench:
    """An open inbox of 8 frames before a running engine, and what it posts."""

    def __init__(self, engine: Engine, model: TestModel) -> None:
        self.model = model
        self.clock = Clock()
        self.posted: asyncio.Queue[FromScanner] = asyncio.Queue()
        self.inbox = Inbox(engine, self.posted.put_nowait, capacity=8, clock=self.clock)

    async def next(self) -> FromScanner:
        """Wait for the next message to the coordinator."""
        async with asyncio.timeout(10):
            return await self.posted.get()

    def send(self, scan_id: str, *lights: int) -> None:
        """Announce a scan and send its frames."""
        self.inbox.announce(make_scan(scan_id, frames=len(lights)))
        for index, light in enumerate(lights):
            self.inbox.add(make_frame(scan_id, index, light=light))


@asynccontextmanager
async def bench(*, batch_frames: int = 4) -> AsyncIterator[Bench]:
    """Run an engine for two terms behind an open inbox."""
    model = TestModel()
    engine = Engine(model, batch_frames=batch_frames)
    async with asyncio.TaskGroup() as group:
        computing = group.create_task(engine.run())
        await engine.prepare(("one", "two"))
        await model.wait_until_trial_is_over()
        model.batches.clear()
        made = Bench(engine, model)
        made.inbox.open_for(make_welcome(), frame_size=SIZE)
        try:
            yield made
        finally:
            model.gate.set()
            computing.cancel()
            engine.close()


async def test_scan_is_received_progresses_and_ends_with_its_scores() -> None:
    """A scan that needs two batches gives received, progress and result, with the attempt that was announced."""
    async with bench(batch_frames=2) as made:
        made.inbox.announce(make_scan("s", frames=3, attempt=2))
        for index in range(3):
            made.inbox.add(make_frame("s", index, light=51 * index))
        messages = [await made.next() for _ in range(3)]
    assert messages[:2] == [Received("s", 2), Progress("s", 2, 2)]
    result = messages[2]
    assert isinstance(result, Result)
    assert (result.scan_id, result.attempt, result.frames, result.terms) == ("s", 2, 3, 2)
    scores = np.frombuffer(result.scores, "<f4").reshape(3, 2)
    np.testing.assert_allclose(scores, [[0, -0.01], [0.2, 0.19], [0.4, 0.39]], atol=1e-6)


async def test_receive_time_is_from_announcement_to_last_frame() -> None:
    """The line's share of a scan is measured apart from the model's."""
    async with bench() as made:
        made.inbox.announce(make_scan("s"))
        made.clock.now_s += 1.5
        made.inbox.add(make_frame("s"))
        await made.next()
        result = await made.next()
    assert isinstance(result, Result)
    assert result.receive_ms == 1500.0


async def test_ended_scan_leaves_room() -> None:
    """What is in flight counts until the result, and not longer."""
    async with bench() as made:
        made.model.gate.clear()
        made.send("a", 1, 2, 3)
        assert made.inbox.in_flight == 3
        made.model.gate.set()
        await made.inbox.wait_until_empty()
    assert made.inbox.in_flight == 0


async def test_error_of_the_model_is_a_failure_without_content() -> None:
    """The coordinator hears what kind of fault it was, and the name of the error, but not its text."""
    async with bench() as made:
        made.model.error = RuntimeError("a text that may hold anything")
        made.send("s", 1)
        await made.next()
        assert await made.next() == Failure("s", 1, FailureKind.INTERNAL, "RuntimeError")
        assert made.inbox.in_flight == 0


@pytest.mark.parametrize(
    ("error", "kind"), [(MemoryError(), FailureKind.OUT_OF_MEMORY), (ValueError(), FailureKind.INTERNAL)]
)
def test_kind_of_error(error: Exception, kind: FailureKind) -> None:
    """Memory that ran out is told apart, because a smaller scan may still do."""
    assert kind_of(error) is kind


async def test_scan_before_ready_is_refused() -> None:
    """Nothing may be pushed to a scanner that has not said that it is ready."""
    inbox = Inbox(Engine(TestModel(), batch_frames=1), lambda message: None, capacity=8)
    with pytest.raises(UnexpectedMessageError, match="before ready"):
        inbox.announce(make_scan("s"))


async def test_scan_in_flight_is_not_announced_again() -> None:
    """A scan's id names one scan at a time."""
    async with bench() as made:
        made.inbox.announce(make_scan("s"))
        with pytest.raises(UnexpectedMessageError, match="in flight"):
            made.inbox.announce(make_scan("s", attempt=2))


async def test_scan_of_another_frame_size_is_refused() -> None:
    """Frames have the size that the model wants."""
    async with bench() as made:
        with pytest.raises(UnexpectedMessageError, match="instead of 16"):
            made.inbox.announce(make_scan("s", size=32))


async def test_scan_of_more_frames_than_agreed_is_refused() -> None:
    """The welcome bounds the frames of a scan."""
    async with bench() as made:
        made.inbox.open_for(make_welcome().__class__("s1", 1, 2, 2**20, "test", ("one", "two")), frame_size=SIZE)
        with pytest.raises(UnexpectedMessageError, match="at most 2"):
            made.inbox.announce(make_scan("s", frames=3))


async def test_frames_beyond_capacity_are_refused() -> None:
    """The scanner said how much it takes; more is the coordinator's fault."""
    async with bench() as made:
        made.inbox.announce(make_scan("a", frames=5))
        made.inbox.announce(make_scan("b", frames=3))
        with pytest.raises(UnexpectedMessageError, match="more than 8"):
            made.inbox.announce(make_scan("c"))


async def test_frame_of_no_scan_is_refused() -> None:
    """A frame belongs to a scan that was announced."""
    async with bench() as made:
        with pytest.raises(UnexpectedMessageError, match="no scan"):
            made.inbox.add(make_frame("s"))


async def test_frame_after_the_last_is_refused() -> None:
    """A scan that is complete takes no more frames."""
    async with bench() as made:
        made.model.gate.clear()
        made.send("s", 1)
        with pytest.raises(UnexpectedMessageError, match="no scan"):
            made.inbox.add(make_frame("s"))


async def test_cancel_drops_queued_work() -> None:
    """A cancelled scan costs the model nothing, and frees its room at once."""
    async with bench(batch_frames=1) as made:
        made.model.gate.clear()
        made.send("a", 1)
        await made.model.wait_until_computing()
        made.send("b", 2)
        made.send("c", 3)
        made.inbox.cancel(Cancel("b"))
        assert made.inbox.in_flight == 2
        made.model.gate.set()
        messages = [await made.next() for _ in range(5)]
    assert [message.scan_id for message in messages if isinstance(message, Result)] == ["a", "c"]
    assert made.model.batches == [[1], [3]]


async def test_frames_of_a_cancelled_scan_are_ignored() -> None:
    """Frames that were on their way when the scan was cancelled are no fault."""
    async with bench() as made:
        made.inbox.announce(make_scan("s", frames=2))
        made.inbox.add(make_frame("s", 0))
        made.inbox.cancel(Cancel("s"))
        made.inbox.add(make_frame("s", 1))
        assert made.inbox.in_flight == 0
        assert made.posted.empty()


async def test_cancelled_scan_may_be_announced_again() -> None:
    """A scan may come back after its cancel, and then its frames count."""
    async with bench() as made:
        made.inbox.announce(make_scan("s"))
        made.inbox.cancel(Cancel("s"))
        made.inbox.announce(make_scan("s", attempt=2))
        made.inbox.add(make_frame("s"))
        assert await made.next() == Received("s", 2)


async def test_cancel_of_what_has_ended_does_nothing() -> None:
    """A cancel and a result may cross."""
    async with bench() as made:
        made.inbox.cancel(Cancel("s"))
        assert made.inbox.in_flight == 0


async def test_memory_of_cancels_is_bounded() -> None:
    """A coordinator that cancels for ever fills no memory: the oldest cancels are forgotten."""
    async with bench() as made:
        for number in range(REMEMBERED_CANCELS + 1):
            made.inbox.announce(make_scan(str(number)))
            made.inbox.cancel(Cancel(str(number)))
        made.inbox.add(make_frame("1"))
        with pytest.raises(UnexpectedMessageError):
            made.inbox.add(make_frame("0"))


async def test_close_drops_what_is_in_flight() -> None:
    """When a connection ends nobody is left to take its results, and the engine turns to the next one's."""
    async with bench(batch_frames=1) as made:
        made.model.gate.clear()
        made.send("a", 1)
        await made.model.wait_until_computing()
        made.send("b", 2)
        made.inbox.announce(make_scan("c"))
        made.inbox.close()
        assert made.inbox.in_flight == 0
        made.inbox.announce(make_scan("d"))
        made.inbox.add(make_frame("d", light=4))
        made.model.gate.set()
        messages = [await made.next() for _ in range(4)]
    assert messages[:3] == [Received("a", 1), Received("b", 1), Received("d", 1)]
    assert isinstance(messages[3], Result)
    assert messages[3].scan_id == "d"
    assert made.model.batches == [[1], [4]]
