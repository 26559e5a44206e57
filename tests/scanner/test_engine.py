"""The engine: batches, order, progress, faults, and an event loop that stays free."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from scanner.engine import Engine
from scanner.errors import ModelFaultError, ScoresError, SelfTestError
from scanner.jobs import Job, JobEvent, JobFailed, JobFinished, JobProgressed
from scanner.models.errors import DeviceLostError
from shared.messages import Lane
from tests.scanner.doubles import SIZE, OverlappingModel, TestModel


class Reports:
    """What the engine reports about one job."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[JobEvent] = asyncio.Queue()

    async def next(self) -> JobEvent:
        """Wait for the next event."""
        async with asyncio.timeout(10):
            return await self.events.get()

    def empty(self) -> bool:
        """Say whether nothing was reported."""
        return self.events.empty()


def submit(engine: Engine, *lights: int, lane: Lane = Lane.LIVE) -> tuple[Job, Reports]:
    """Give the engine a job of plain frames."""
    reports = Reports()
    frames = np.stack([np.full((SIZE, SIZE, 3), light, np.uint8) for light in lights])
    job = Job(lane, frames, reports.events.put_nowait)
    engine.submit(job)
    return job, reports


@asynccontextmanager
async def running(model: TestModel, *, batch_frames: int = 4) -> AsyncIterator[Engine]:
    """Run an engine that is prepared for two terms."""
    engine = Engine(model, batch_frames=batch_frames)
    async with asyncio.TaskGroup() as group:
        computing = group.create_task(engine.run())
        await engine.prepare(("one", "two"))
        await model.wait_until_trial_is_over()
        model.batches.clear()
        try:
            yield engine
        finally:
            model.gate.set()
            computing.cancel()
            engine.close()


async def test_job_gets_the_scores_of_its_frames() -> None:
    """Row and column of the scores are frame and term."""
    async with running(TestModel()) as engine:
        _, reports = submit(engine, 0, 51)
        finished = await reports.next()
    assert isinstance(finished, JobFinished)
    assert finished.scores.dtype == np.float32
    np.testing.assert_allclose(finished.scores, [[0, -0.01], [0.2, 0.19]], atol=1e-6)


async def test_what_arrives_meanwhile_forms_the_next_batch() -> None:
    """While one batch is computed the others gather, up to the limit."""
    model = TestModel()
    async with running(model, batch_frames=3) as engine:
        model.gate.clear()
        jobs = [submit(engine, 1)]
        await model.wait_until_computing()
        jobs += [submit(engine, light) for light in (2, 3, 4, 5)]
        model.gate.set()
        for _, reports in jobs:
            assert isinstance(await reports.next(), JobFinished)
    assert model.batches == [[1], [2, 3, 4], [5]]


async def test_event_loop_is_free_while_the_model_computes() -> None:
    """The model runs in one thread of its own, always the same."""
    model = TestModel()
    async with running(model) as engine:
        model.gate.clear()
        _, reports = submit(engine, 1)
        await model.wait_until_computing()
        assert engine.busy
        model.gate.set()
        await reports.next()
    assert len(model.threads) == 1
    assert threading.get_ident() not in model.threads


async def test_progress_is_reported_after_each_batch_but_the_last() -> None:
    """A scan that needs several batches says how far it is."""
    model = TestModel()
    async with running(model, batch_frames=2) as engine:
        _, reports = submit(engine, 1, 2, 3, 4, 5)
        events = [await reports.next() for _ in range(3)]
    assert events[:2] == [JobProgressed(2), JobProgressed(4)]
    assert isinstance(events[2], JobFinished)
    assert events[2].scores.shape == (5, 2)
    np.testing.assert_allclose(events[2].scores[:, 0] * 255, [1, 2, 3, 4, 5], atol=1e-4)


async def test_live_overtakes_sweep() -> None:
    """A live scan goes before a sweep scan that came first and is not done."""
    model = TestModel()
    async with running(model, batch_frames=1) as engine:
        model.gate.clear()
        _, sweep = submit(engine, 1, 2, lane=Lane.SWEEP)
        await model.wait_until_computing()
        _, live = submit(engine, 9)
        model.gate.set()
        await live.next()
        await sweep.next()
        await sweep.next()
    assert model.batches == [[1], [9], [2]]


async def test_dropped_job_is_not_computed() -> None:
    """Queued work that nobody wants costs the model nothing."""
    model = TestModel()
    async with running(model, batch_frames=1) as engine:
        model.gate.clear()
        _, first = submit(engine, 1)
        await model.wait_until_computing()
        dropped, silent = submit(engine, 2)
        _, last = submit(engine, 3)
        engine.drop(dropped)
        model.gate.set()
        await first.next()
        await last.next()
    assert model.batches == [[1], [3]]
    assert silent.empty()


async def test_job_dropped_while_computed_reports_nothing() -> None:
    """A batch goes on without the job that was dropped from it, and its neighbour gets the right row."""
    model = TestModel()
    async with running(model) as engine:
        model.gate.clear()
        submit(engine, 1)
        await model.wait_until_computing()
        dropped, silent = submit(engine, 2)
        _, neighbour = submit(engine, 51)
        model.gate.set()
        model.gate.clear()
        await model.wait_until_computing()
        engine.drop(dropped)
        model.gate.set()
        finished = await neighbour.next()
    assert model.batches == [[1], [2, 51]]
    assert isinstance(finished, JobFinished)
    assert finished.scores[0, 0] == pytest.approx(0.2)
    assert silent.empty()


async def test_error_of_the_model_fails_the_jobs_of_its_batch() -> None:
    """A fault is told to each job of the batch, and the engine goes on with the next."""
    model = TestModel()
    async with running(model) as engine:
        model.error = OSError()
        _, reports = submit(engine, 1, 2, 3, 4, 5)
        assert await reports.next() == JobFailed(model.error)
        model.error = None
        _, reports = submit(engine, 6)
        assert isinstance(await reports.next(), JobFinished)
    assert model.batches == [[1, 2, 3, 4], [6]]


async def test_batch_that_does_not_fit_is_computed_in_halves() -> None:
    """Too little memory costs time, not scans: the frames are tried again, and later batches are not as large."""
    model = TestModel()
    async with running(model, batch_frames=8) as engine:
        model.most_frames = 2
        _, first = submit(engine, 1, 2, 3, 4, 5)
        _, second = submit(engine, 6, 7, 8)
        events = [await first.next() for _ in range(3)]
        assert isinstance(await second.next(), JobProgressed)
        assert isinstance(await second.next(), JobFinished)
        assert engine.batch_frames == 2
    assert events[:2] == [JobProgressed(2), JobProgressed(4)]
    assert isinstance(events[2], JobFinished)
    np.testing.assert_allclose(events[2].scores[:, 0] * 255, [1, 2, 3, 4, 5], atol=1e-4)
    assert model.batches == [[1, 2], [3, 4], [5, 6], [7, 8]]


async def test_frame_that_does_not_fit_fails() -> None:
    """When not even one frame fits, the coordinator is told, and another scanner may do it."""
    model = TestModel()
    async with running(model) as engine:
        model.most_frames = 0
        _, reports = submit(engine, 1)
        failed = await reports.next()
    assert isinstance(failed, JobFailed)
    assert isinstance(failed.error, MemoryError)


async def test_job_dropped_while_its_batch_does_not_fit_is_not_tried_again() -> None:
    """A cancelled scan does not come back with the halves of its batch."""
    model = TestModel()
    async with running(model) as engine:
        model.gate.clear()
        submit(engine, 1)
        await model.wait_until_computing()
        dropped, silent = submit(engine, 2)
        _, kept = submit(engine, 3)
        model.most_frames = 1
        engine.drop(dropped)
        model.gate.set()
        assert isinstance(await kept.next(), JobFinished)
    assert silent.empty()
    assert model.batches == [[1], [3]]


async def test_lost_device_ends_the_engine() -> None:
    """The scan in hand fails, and whoever runs the engine is told, so that the process can end."""
    model = TestModel()
    engine = Engine(model, batch_frames=2)
    await engine.prepare(("one",))
    model.error = DeviceLostError("unspecified launch failure")
    _, reports = submit(engine, 1)
    with pytest.raises(DeviceLostError):
        await engine.run()
    assert await reports.next() == JobFailed(model.error)
    engine.close()


async def test_device_lost_while_preparing_ends_the_engine() -> None:
    """Also a device that is lost between two connections needs a new process."""
    model = TestModel()
    engine = Engine(model, batch_frames=2)
    model.terms_error = DeviceLostError("unspecified launch failure")
    with pytest.raises(ModelFaultError):
        await engine.prepare(("one",))
    with pytest.raises(DeviceLostError):
        await engine.run()
    engine.close()


async def test_full_batch_is_started_ahead_on_a_device_of_its_own() -> None:
    """While one batch is computed the next one is told to the device, if it is full, and so the device never waits."""
    model = OverlappingModel()
    async with running(model, batch_frames=2) as engine:
        model.started.clear()
        model.gate.clear()
        jobs = [submit(engine, light) for light in (1, 2, 3, 4, 5)]
        await model.wait_until_computing()
        assert model.started == [[1, 2], [3, 4]]
        assert model.batches == [[1, 2]]
        model.gate.set()
        for _, reports in jobs:
            assert isinstance(await reports.next(), JobFinished)
    assert model.batches == [[1, 2], [3, 4], [5]]


async def test_batch_that_is_not_full_is_not_started_ahead() -> None:
    """What can still grow while the device is busy waits, and so does what nobody waits for."""
    model = OverlappingModel()
    async with running(model, batch_frames=2) as engine:
        model.started.clear()
        model.gate.clear()
        jobs = [submit(engine, 1, 2), submit(engine, 3), submit(engine, 7, 8, lane=Lane.SWEEP)]
        await model.wait_until_computing()
        assert model.started == [[1, 2]]
        jobs.append(submit(engine, 4))
        model.gate.set()
        for _, reports in jobs:
            assert isinstance(await reports.next(), JobFinished)
    assert model.batches == [[1, 2], [3, 4], [7, 8]]


async def test_scan_in_two_batches_at_once_gets_its_scores_in_order() -> None:
    """The frames of one scan may be in the batch that is computed and in the one that is started ahead."""
    model = OverlappingModel()
    async with running(model, batch_frames=2) as engine:
        _, reports = submit(engine, 1, 2, 3, 4, 5)
        events = [await reports.next() for _ in range(3)]
    assert events[:2] == [JobProgressed(2), JobProgressed(4)]
    assert isinstance(events[2], JobFinished)
    np.testing.assert_allclose(events[2].scores[:, 0] * 255, [1, 2, 3, 4, 5], atol=1e-4)


async def test_batch_that_cannot_be_started_ahead_waits_for_its_turn() -> None:
    """Too little memory for two batches at once does not cost the one that is computed."""
    model = OverlappingModel()
    async with running(model, batch_frames=2) as engine:
        model.gate.clear()
        jobs = [submit(engine, 1, 2)]
        await model.wait_until_computing()
        model.start_error = MemoryError()
        jobs += [submit(engine, 3, 4), submit(engine, 5, 6)]
        model.gate.set()
        assert isinstance(await jobs[0][1].next(), JobFinished)
        assert isinstance(await jobs[1][1].next(), JobFailed)
        model.start_error = None
        _, reports = submit(engine, 7)
        assert isinstance(await reports.next(), JobFinished)
        assert engine.batch_frames == 1


async def test_prepare_refuses_a_device_that_computes_something_else() -> None:
    """A scanner whose scores are not those of the model does not serve, and the figures say why."""
    model = TestModel()
    engine = Engine(model, batch_frames=2)
    model.right = (np.ones((2, 1), np.float32), np.full((2, 2), 0.9, np.float32))
    with pytest.raises(ModelFaultError) as caught:
        await engine.prepare(("one", "two"))
    assert isinstance(caught.value.error, SelfTestError)
    assert "similarities differ by" in str(caught.value.error)
    engine.close()


@pytest.mark.parametrize(
    "answer",
    [
        np.zeros((2, 2), np.float32),
        np.zeros((1, 3), np.float32),
        np.zeros((1, 2), np.float64),
        np.array([[0, np.nan]], np.float32),
        np.array([[0, np.inf]], np.float32),
        np.array([[0, 1.1]], np.float32),
        np.array([[0, -1.1]], np.float32),
    ],
    ids=["frames", "terms", "type", "nan", "infinite", "above", "below"],
)
async def test_scores_that_cannot_be_right_are_a_fault(
    answer: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> None:
    """A model that gives no cosines of the right shape has failed, whatever it says."""
    model = TestModel()
    async with running(model) as engine:
        model.answer = answer
        _, reports = submit(engine, 1)
        failed = await reports.next()
    assert isinstance(failed, JobFailed)
    assert isinstance(failed.error, ScoresError)


async def test_scores_that_rounding_took_past_one_are_cut() -> None:
    """A cosine of 1 in half precision may come out as a little more, and is 1."""
    model = TestModel()
    async with running(model) as engine:
        model.answer = np.array([[1.0005, -1.0005]], np.float32)
        _, reports = submit(engine, 1)
        finished = await reports.next()
    assert isinstance(finished, JobFinished)
    assert finished.scores.tolist() == [[1, -1]]


async def test_prepare_does_nothing_for_the_terms_in_use() -> None:
    """A scanner that connects again to the same policy is ready at once."""
    model = TestModel()
    async with running(model) as engine:
        await engine.prepare(["one", "two"])
        assert model.batches == []
        await engine.prepare(["three"])
    assert model.encoded == [("one", "two"), ("three",)]
    assert model.batches == [[127], [127]]


async def test_prepare_raises_what_the_model_raised() -> None:
    """Terms that a model cannot encode are told to the caller, and are tried again the next time."""
    model = TestModel()
    async with running(model) as engine:
        model.terms_error = MemoryError()
        with pytest.raises(ModelFaultError) as caught:
            await engine.prepare(["three"])
        assert caught.value.error is model.terms_error
        model.terms_error = None
        await engine.prepare(["three"])
    assert model.encoded[-1] == ("three",)


async def test_prepare_tries_the_model() -> None:
    """A model that encodes terms but cannot score is not ready."""
    model = TestModel()
    async with running(model) as engine:
        model.answer = np.zeros((1, 9), np.float32)
        with pytest.raises(ModelFaultError) as caught:
            await engine.prepare(["three"])
        assert isinstance(caught.value.error, ScoresError)
        model.answer = None
        model.batches.clear()
        await engine.prepare(["three"])
    assert model.batches == [[127], [127]]


async def test_throughput_before_the_first_batch_is_that_of_the_trial() -> None:
    """The coordinator knows about how fast a scanner is before it pushes anything."""
    ticks = iter([10.0, 10.5])
    engine = Engine(TestModel(), batch_frames=2, clock=lambda: next(ticks))
    await engine.prepare(("one",))
    engine.close()
    assert engine.frames_per_s == pytest.approx(2.0)


async def test_times_and_throughput_are_measured() -> None:
    """Queueing ends with the first batch of a job, inference with the last; throughput follows the newest batches."""
    model = TestModel()
    ticks = iter([-9.0, -1.0, 0.0, 2.0, 4.0, 4.0, 9.0])
    engine = Engine(model, batch_frames=2, clock=lambda: next(ticks))
    async with asyncio.TaskGroup() as group:
        await engine.prepare(("one",))
        _, reports = submit(engine, 1, 2, 3)
        computing = group.create_task(engine.run())
        await reports.next()
        assert engine.frames_per_s == pytest.approx(1.0)
        finished = await reports.next()
        computing.cancel()
    engine.close()
    assert isinstance(finished, JobFinished)
    assert (finished.queue_s, finished.infer_s) == (2.0, 7.0)
    assert engine.frames_per_s == pytest.approx(1.0 + 0.2 * (0.2 - 1.0))


async def test_cancelled_engine_leaves_its_thread_to_end_by_itself() -> None:
    """Stopping does not wait for a batch, and says that the thread is still busy."""
    model = TestModel()
    engine = Engine(model, batch_frames=1)
    await engine.prepare(("one",))
    await model.wait_until_trial_is_over()
    computing = asyncio.create_task(engine.run())
    model.gate.clear()
    submit(engine, 1)
    await model.wait_until_computing()
    computing.cancel()
    await asyncio.wait({computing})
    engine.close()
    assert engine.busy
    model.gate.set()
