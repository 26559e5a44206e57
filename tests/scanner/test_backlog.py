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
    assert shape(backlog.take(2)) == [(first, 2)]
    assert backlog.waiting(Lane.LIVE) == 2
    assert shape(backlog.take(4)) == [(first, 1), (second, 1)]
    assert backlog.take(4) is None


def test_take_prefers_live_to_sweep() -> None:
    """A person who waits goes first, whenever he came, and sweep frames never share his batch."""
    backlog, sweep, live = Backlog(), make_job(1, Lane.SWEEP), make_job(1)
    backlog.add(sweep)
    backlog.add(live)
    assert shape(backlog.take(4)) == [(live, 1)]
    assert shape(backlog.take(4)) == [(sweep, 1)]


def test_drop_forgets_one_job() -> None:
    """A dropped job is in no batch any more; the others stay."""
    backlog, first, second = Backlog(), make_job(1), make_job(1)
    backlog.add(first)
    backlog.add(second)
    backlog.drop(first)
    assert len(backlog) == 1
    assert shape(backlog.take(4)) == [(second, 1)]
    assert len(backlog) == 0


def test_drop_of_an_unknown_job_does_nothing() -> None:
    """A job that has left already may be dropped again."""
    backlog = Backlog()
    backlog.drop(make_job(1))
    assert len(backlog) == 0


def test_drop_forgets_what_a_batch_left_over() -> None:
    """A job that was begun may be dropped too."""
    backlog, job = Backlog(), make_job(3)
    backlog.add(job)
    backlog.take(1)
    backlog.drop(job)
    assert backlog.take(4) is None
    assert backlog.waiting(Lane.LIVE) == 0


def test_pieces_keep_the_order_of_frames() -> None:
    """The frames of a batch are those of its slices, one after the other, from the first that was not taken."""
    backlog, first, second = Backlog(), make_job(3, light=1), make_job(1, light=9)
    first.frames[2] = 5
    backlog.add(first)
    backlog.add(second)
    backlog.take(1)
    batch = backlog.take(4)
    assert batch is not None
    assert len(batch) == 3
    assert np.concatenate(batch.pieces)[:, 0, 0, 0].tolist() == [1, 5, 9]


def test_put_back_lets_a_batch_lead_the_next_one() -> None:
    """What was taken and not computed goes before all that waits, in its old order."""
    backlog, first, second, third = Backlog(), make_job(3), make_job(2), make_job(1)
    backlog.add(first)
    backlog.add(second)
    batch = backlog.take(4)
    assert batch is not None
    backlog.add(third)
    backlog.put_back(batch)
    assert backlog.waiting(Lane.LIVE) == 6
    assert shape(backlog.take(2)) == [(first, 2)]
    assert shape(backlog.take(9)) == [(first, 1), (second, 1), (second, 1), (third, 1)]


def test_put_back_forgets_what_was_dropped_meanwhile() -> None:
    """A job that was cancelled while its batch failed does not come back."""
    backlog, gone, kept = Backlog(), make_job(1), make_job(1)
    backlog.add(gone)
    backlog.add(kept)
    batch = backlog.take(4)
    assert batch is not None
    gone.dropped = True
    backlog.put_back(batch)
    assert shape(backlog.take(4)) == [(kept, 1)]
