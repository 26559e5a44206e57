"""One generated picture for one scanner."""

from __future__ import annotations

import asyncio
import struct

import pytest

from coordinator.dispatch.state import Phase, ScannerState
from coordinator.judge.loader import load_policy
from coordinator.web.trial import Trial, TrialError, Trials, picture
from shared.messages import (
    Cancel,
    Failure,
    FailureKind,
    Frame,
    FromCoordinator,
    Goodbye,
    Progress,
    Received,
    Result,
    Scan,
)

POLICY = load_policy("null")


class Line:
    """What is sent, written down."""

    def __init__(self) -> None:
        self.sent: list[FromCoordinator] = []

    def put(self, *messages: FromCoordinator) -> None:
        """Take messages."""
        self.sent += messages


async def begin() -> tuple[Trial, Line, asyncio.Task[object], str]:
    """Begin a trial; return it with the id of its scan."""
    line = Line()
    trial = Trial(line.put, POLICY)
    task: asyncio.Task[object] = asyncio.create_task(trial.run())
    await asyncio.sleep(0)
    scan, frame = line.sent
    assert isinstance(scan, Scan)
    assert isinstance(frame, Frame)
    assert len(frame.pixels) == POLICY.frame_size**2 * 3
    return trial, line, task, scan.scan_id


def result(scan_id: str, scores: bytes, *, frames: int = 1) -> Result:
    """Return a result of so many bytes."""
    return Result(scan_id, 1, frames, len(POLICY.terms), scores, receive_ms=0.0, queue_ms=1.0, infer_ms=2.0)


RIGHT = struct.pack(f"<{len(POLICY.terms)}f", *[0.5] * len(POLICY.terms))


async def test_trial_times_what_the_scanner_does() -> None:
    """Scores come back: the total holds the scanner's own parts; other messages are not taken."""
    trial, _, task, scan_id = await begin()
    assert not trial.takes(Goodbye(""))
    assert not trial.takes(Received("s1", 1))
    assert trial.takes(Received(scan_id, 1))
    assert trial.takes(Progress(scan_id, 1, 1))
    assert trial.takes(result(scan_id, RIGHT))
    times = await task
    assert (times.queue, times.infer) == (1.0, 2.0)  # type: ignore[attr-defined]
    assert times.line >= 0.0  # type: ignore[attr-defined]
    assert trial.takes(result(scan_id, RIGHT))


async def test_trial_that_fails() -> None:
    """A failure, senseless scores, another shape, and a connection that ends: a sentence each."""
    for message, words in (
        (lambda scan_id: Failure(scan_id, 1, FailureKind.OUT_OF_MEMORY, ""), "out of memory"),
        (lambda scan_id: result(scan_id, struct.pack("<f", 2.0) * len(POLICY.terms)), "make no sense"),
        (lambda scan_id: result(scan_id, RIGHT * 2, frames=2), "another shape"),
    ):
        trial, _, task, scan_id = await begin()
        assert trial.takes(message(scan_id))
        with pytest.raises(TrialError, match=words):
            await task
    trial, _, task, _ = await begin()
    trial.end()
    trial.end()
    with pytest.raises(TrialError, match="ended"):
        await task


async def test_trials_go_one_by_one_and_only_where_there_is_room() -> None:
    """A scanner that is not there, warms up, or takes nothing, is not asked; nor is one that is being asked."""
    line, state = Line(), ScannerState(1, "box", 8, 0.0)
    reserved: list[int] = []
    gone = Trials(line.put, POLICY, lambda: None, reserved.append)
    trials = Trials(line.put, POLICY, lambda: state, reserved.append)
    for one in (gone, trials):
        with pytest.raises(TrialError, match="not ready"):
            await one.run()
    state.phase, state.capacity = Phase.READY, 0
    with pytest.raises(TrialError, match="takes nothing"):
        await trials.run()
    assert not line.sent
    assert not reserved
    assert not trials.takes(Received("trial-0", 1))
    trials.end()
    state.capacity = 1
    running = asyncio.create_task(trials.run())
    await asyncio.sleep(0)
    with pytest.raises(TrialError, match="already"):
        await trials.run()
    assert reserved == [1]
    scan = line.sent[0]
    assert isinstance(scan, Scan)
    assert trials.takes(result(scan.scan_id, RIGHT))
    assert (await running).infer == 2.0
    assert reserved == [1, 0]
    ended = asyncio.create_task(trials.run())
    await asyncio.sleep(0)
    trials.end()
    with pytest.raises(TrialError, match="ended"):
        await ended


async def test_trial_that_nobody_waits_for_is_taken_back() -> None:
    """The admin's request ends in the middle: the scanner is told so before the room is given away."""
    line, state = Line(), ScannerState(1, "box", 8, 0.0, Phase.READY)
    sent_when_freed: list[FromCoordinator] = []
    trials = Trials(line.put, POLICY, lambda: state, lambda frames: sent_when_freed.extend(() if frames else line.sent))
    running = asyncio.create_task(trials.run())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    scan, _, cancel = sent_when_freed
    assert isinstance(scan, Scan)
    assert cancel == Cancel(scan.scan_id)


def test_trial_picture_is_no_even_one() -> None:
    """A gradient: its corners differ."""
    pixels = picture(16)
    corners = {pixels[start : start + 3] for start in (0, 15 * 3, 15 * 16 * 3, 255 * 3)}
    assert len(pixels) == 16 * 16 * 3
    assert len(corners) == 4
