"""The largest useful batch, from the times of growing ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scanner.curve import LARGEST_BATCH, Point, capacity_of, measure_curve, useful_batch
from scanner.models import Embeddings, Frames
from shared.limits import MAX_CAPACITY_FRAMES
from tests.scanner.doubles import Clock, TestModel


class TimedModel(TestModel):
    """A model that needs `cost` seconds for a batch of so many frames, by a clock of the test."""

    def __init__(self, cost: Callable[[int], float]) -> None:
        super().__init__()
        self.clock = Clock()
        self.cost = cost

    def embed(self, frames: Frames) -> Embeddings:
        """Let the time go by that it costs."""
        if len(frames) > self.most_frames:
            raise MemoryError
        self.clock.now_s += self.cost(len(frames))
        return super().embed(frames)


def sizes(model: TimedModel) -> list[int]:
    """Say which batches are tried."""
    return [point.frames for point in measure_curve(model, clock=model.clock)]


def test_processor_that_gains_nothing_computes_frames_one_by_one() -> None:
    """Where a batch takes as long as its frames, only the two next sizes are tried, and one frame is best."""
    model = TimedModel(lambda frames: 0.2 * frames)
    points = measure_curve(model, clock=model.clock)
    assert [point.frames for point in points] == [1, 2, 4]
    assert useful_batch(points) == 1


def test_device_that_gains_computes_large_batches() -> None:
    """Where every batch costs 10 ms beside 0.1 ms a frame, the curve is followed until it is flat."""
    model = TimedModel(lambda frames: 0.010 + 0.0001 * frames)
    points = measure_curve(model, clock=model.clock)
    assert points[-1].frames == LARGEST_BATCH
    assert useful_batch(points) == LARGEST_BATCH


def test_batch_stays_short_enough_for_those_who_wait_behind_it() -> None:
    """A batch of more than a second is not used, whatever it brings."""
    model = TimedModel(lambda frames: 0.5 + 0.1 * frames)
    assert useful_batch(measure_curve(model, clock=model.clock)) == 4


def test_one_frame_may_take_longer() -> None:
    """A slow machine computes at least single frames."""
    model = TimedModel(lambda frames: 3.0 * frames)
    assert useful_batch(measure_curve(model, clock=model.clock)) == 1


def test_memory_ends_the_curve() -> None:
    """The batches that fit are enough."""
    model = TimedModel(lambda frames: 0.010 + 0.0001 * frames)
    model.most_frames = 20
    assert sizes(model) == [1, 2, 4, 8, 16]


def test_memory_for_no_frame_is_an_error() -> None:
    """A model that does not fit cannot serve."""
    model = TimedModel(lambda frames: 0.1)
    model.most_frames = 0
    with pytest.raises(MemoryError):
        measure_curve(model, clock=model.clock)


def test_slight_gain_is_not_worth_a_larger_batch() -> None:
    """A batch has to bring more than 3 %."""
    assert useful_batch([Point(1, 1 / 100), Point(2, 2 / 101), Point(4, 4 / 102)]) == 1
    assert useful_batch([Point(1, 1 / 100), Point(2, 2 / 110), Point(4, 4 / 111)]) == 2


@pytest.mark.parametrize(("batch", "capacity"), [(1, 8), (2, 8), (64, 192), (MAX_CAPACITY_FRAMES, MAX_CAPACITY_FRAMES)])
def test_capacity_holds_three_batches(batch: int, capacity: int) -> None:
    """Enough is in flight to fill the next batch, and never more than the protocol allows."""
    assert capacity_of(batch) == capacity
