"""Which frames form the next batch."""

from __future__ import annotations

import numpy as np

from scanner.backlog import Backlog, Batch
from scanner.jobs import Job, JobEvent
from shared.messages import Lane


def ignore(event: JobEvent) -> None:
    """Take a report of a job that nobody waits for."""


def make_job(frames: int, lane: Lane = Lane.LIVE, *, light: int = 0) -> Job:
    """Make a job of plain frames."""
    return Job(lane, np.full((frames, 16, 16, 3), light, np.uint8), ignore)


def shape(batch: Batch | None) -> list[tuple[Job, int]]:
    """Say which jobs a batch takes how many frames from."""
    assert batch is not None
    return [(part.job, part.count) for part in batch.slices]


def test_take_gives_nothing_when_nothing_waits() -> None:
    """An empty backlog forms no batch."""
    assert Backlog().take(4) is None


def test_take_serves_first_come_first() -> None:
    """Jobs of a lane are taken in the order in which they came, and a batch holds several."""
    backlog, first, second = Backlog(), make_job(2), make_job(1)
    backlog.add(first)
    backlog.add(second)
    assert shape(backlog.take(4)) == [(first, 2), (second, 1)]


def test_take_stops_at_the_limit() -> None:
    """A job that does not fit whole is taken in part."""
    backlog, first, second = Backlog(), make_job(3), make_job(3)
    backlog.add(first)
    backlog.add(second)
    assert shape(backlog.take(4)) == [(first, 3), (second, 1)]


def test_take_goes_on_with_a_job_that_was_begun() -> None:
    """The frames that a batch left over lead the next one."""
    backlog, first, second = Backlog(), make_job(3), make_job(1)
    backlog.add(first)
    backlog.add(second)
    first.done = 2
    assert shape(backlog.take(4)) == [(first, 1), (second, 1)]


def test_take_prefers_live_to_sweep() -> None:
    """A person who waits goes first, whenever he came, and sweep frames never share his batch."""
    backlog, sweep, live = Backlog(), make_job(1, Lane.SWEEP), make_job(1)
    backlog.add(sweep)
    backlog.add(live)
    assert shape(backlog.take(4)) == [(live, 1)]
    backlog.drop(live)
    assert shape(backlog.take(4)) == [(sweep, 1)]


def test_drop_forgets_one_job() -> None:
    """A dropped job is in no batch any more; the others stay."""
    backlog, first, second = Backlog(), make_job(1), make_job(1)
    backlog.add(first)
    backlog.add(second)
    backlog.drop(first)
    assert shape(backlog.take(4)) == [(second, 1)]
    assert len(backlog) == 1


def test_drop_of_an_unknown_job_does_nothing() -> None:
    """A job that has left already may be dropped again."""
    backlog = Backlog()
    backlog.drop(make_job(1))
    assert len(backlog) == 0


def test_stack_keeps_the_order_of_frames() -> None:
    """The rows of a batch are those of its slices, one after the other, from the first that is not done."""
    backlog, first, second = Backlog(), make_job(3, light=1), make_job(1, light=9)
    first.frames[2] = 5
    first.done = 1
    backlog.add(first)
    backlog.add(second)
    batch = backlog.take(4)
    assert batch is not None
    assert len(batch) == 3
    assert batch.stack()[:, 0, 0, 0].tolist() == [1, 5, 9]
