"""The way of one upload: real limited processes, real machine, a scripted scanner."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from io import BytesIO

import pytest
from PIL import Image

from coordinator.body import Body, BodyMemory
from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import RETURN_GRACE_S, Machine
from coordinator.hub import Hub
from coordinator.judge.loader import load_policy
from coordinator.judge.outcomes import Outcome
from coordinator.judge.scores import Scores
from coordinator.media.limited import Cutters
from coordinator.media.limits import Limits
from coordinator.uploads import Uploads
from shared.messages import FailureKind, Lane

DEMO_TERMS = 2


def body_of(data: bytes, memory: BodyMemory | None = None) -> Body:
    """Make a body as if it had been read."""
    memory = memory or BodyMemory(10**9)
    assert memory.take(len(data))
    return Body(memory, [data], len(data), len(data), sha256=f"{hash(data):x}")


def picture(width: int = 64, height: int = 64) -> bytes:
    """Make a plain picture."""
    file = BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(file, "PNG")
    return file.getvalue()


class ScriptedScanner:
    """Answers every push by a function of the number of frames, or not at all."""

    def __init__(self, hub: Hub, answer: Callable[[int], Scores | FailureKind | None], name: str = "box") -> None:
        self.pushes: list[ev.Push] = []
        self.cancelled: list[str] = []
        self._hub = hub
        self._answer = answer
        self.generation = hub.join(name, 16, self)
        hub.handle(ev.ScannerReady(self.generation))
        hub.handle(ev.LoadChanged(self.generation, 16, frames_per_s=100.0))

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        self.pushes.append(push)
        answer = self._answer(push.frames)
        loop = asyncio.get_running_loop()
        if isinstance(answer, Scores):
            loop.call_soon(self._hub.note_result, self.generation, push.scan, push.attempt, answer)
        elif answer is not None:
            failed = ev.PushFailed(self.generation, push.scan, push.attempt, answer)
            loop.call_soon(self._hub.handle, failed)

    def cancel(self, scan: str) -> None:
        self.cancelled.append(scan)

    def fence(self) -> None:
        raise AssertionError("nobody fences it")

    def set_aside(self, reason: str) -> None:
        raise AssertionError("nobody sets it aside")


def scores(frames: int, *rows: tuple[float, float]) -> Scores:
    """Make scores for so many frames: the rows given, then nothing found."""
    values = [*rows, *[(0.0, 0.0)] * frames][:frames]
    return Scores.parse(array("f", [v for row in values for v in row]).tobytes(), frames=frames, terms=DEMO_TERMS)


@pytest.fixture
async def cutters() -> AsyncIterator[Cutters]:
    """Two limited processes."""
    async with Cutters(limits=Limits(), count=2) as running:
        yield running


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A hub that expects nobody back."""
    made = Hub(Machine(now=asyncio.get_running_loop().time() - RETURN_GRACE_S))
    yield made
    made.close()


@pytest.fixture
def uploads(hub: Hub, cutters: Cutters) -> Uploads:
    """The way of an upload, with the demo policy: a red disc and a blue square in one picture."""
    return Uploads(hub=hub, cutters=cutters, policy=load_policy("demo"))


def soon() -> float:
    """Return a deadline that leaves time enough."""
    return asyncio.get_running_loop().time() + 10


async def test_uploads_clean(hub: Hub, uploads: Uploads) -> None:
    """Nothing found in any frame: clean, and every step has its time."""
    ScriptedScanner(hub, scores)
    finding = await uploads.look_at(body_of(picture()), lane=Lane.LIVE, deadline_s=soon())
    assert (finding.outcome, finding.parts, finding.format, finding.scanner) == (Outcome.CLEAN, (), "png", "box")
    assert set(finding.milliseconds) == {"frames", "queue", "push", "infer", "judge"}


async def test_uploads_flagged_by_its_worst_frame(hub: Hub, uploads: Uploads) -> None:
    """The second look decides: flagged, with the parts of the rule and the look that made it."""
    ScriptedScanner(hub, lambda frames: scores(frames, (0.9, 0.0), (0.9, 0.9)))
    finding = await uploads.look_at(body_of(picture(width=120)), lane=Lane.LIVE, deadline_s=soon())
    assert (finding.outcome, finding.parts, finding.looks) == (Outcome.FLAGGED, ("red disc", "blue square"), 2)
    assert finding.look == "whole"


async def test_uploads_parts_of_two_frames_do_not_add_up(hub: Hub, uploads: Uploads) -> None:
    """One part in each of two frames is no picture with both."""
    ScriptedScanner(hub, lambda frames: scores(frames, (0.9, 0.0), (0.0, 0.9)))
    finding = await uploads.look_at(body_of(picture(width=120)), lane=Lane.LIVE, deadline_s=soon())
    assert finding.outcome is Outcome.CLEAN


@pytest.mark.parametrize(
    ("data", "outcome"), [(b"no picture at all", Outcome.UNSUPPORTED), (picture()[:60], Outcome.UNREADABLE)]
)
async def test_uploads_that_cannot_be_cut(uploads: Uploads, data: bytes, outcome: Outcome) -> None:
    """What gives no frame has an outcome of its own, with or without a scanner, and a reason in words."""
    finding = await uploads.look_at(body_of(data), lane=Lane.LIVE, deadline_s=soon())
    assert finding.outcome is outcome
    assert finding.reason


async def test_uploads_without_scanner(uploads: Uploads) -> None:
    """Nobody there."""
    finding = await uploads.look_at(body_of(picture()), lane=Lane.LIVE, deadline_s=soon())
    assert finding.outcome is Outcome.NO_SCANNER


async def test_uploads_same_bytes_without_scanner_are_cut_once(uploads: Uploads) -> None:
    """Nobody asks again for what nobody can look at: all share one finding, and nothing is left."""
    data = picture()
    looks = (uploads.look_at(body_of(data), lane=Lane.LIVE, deadline_s=soon()) for _ in range(3))
    one, *others = await asyncio.gather(*looks)
    assert one.outcome is Outcome.NO_SCANNER
    assert all(other is one for other in others)
    assert repr(uploads) == "<Uploads in_flight=0>"


async def test_uploads_two_scanners_fail(hub: Hub, uploads: Uploads) -> None:
    """A picture that two scanners fail on is a scanner fault."""
    for name in ("one", "two", "three"):
        ScriptedScanner(hub, lambda frames: FailureKind.INTERNAL, name)
    finding = await uploads.look_at(body_of(picture()), lane=Lane.LIVE, deadline_s=soon())
    assert finding.outcome is Outcome.SCANNER_FAULT


async def test_uploads_late_scores_time_out_before_the_deadline(hub: Hub, uploads: Uploads) -> None:
    """A scanner that never answers: timed out, a little before the caller's deadline."""
    ScriptedScanner(hub, lambda frames: None)
    deadline_s = asyncio.get_running_loop().time() + 1.5
    finding = await uploads.look_at(body_of(picture()), lane=Lane.LIVE, deadline_s=deadline_s)
    assert finding.outcome is Outcome.TIMED_OUT
    assert asyncio.get_running_loop().time() < deadline_s


async def test_uploads_same_bytes_at_once_are_one_scan(hub: Hub, uploads: Uploads) -> None:
    """Two callers send the same bytes: one scan, two answers."""
    scanner = ScriptedScanner(hub, scores)
    data = picture()
    findings = await asyncio.gather(
        *(uploads.look_at(body_of(data), lane=Lane.LIVE, deadline_s=soon()) for _ in range(2))
    )
    assert [finding.outcome for finding in findings] == [Outcome.CLEAN, Outcome.CLEAN]
    assert len(scanner.pushes) == 1


async def test_uploads_abandoned_leaves_nothing(hub: Hub, uploads: Uploads) -> None:
    """The caller leaves in mid-scan: the scanner is told, and memory and maps are empty."""
    pushed = asyncio.Event()

    def never(frames: int) -> None:
        pushed.set()

    scanner = ScriptedScanner(hub, never)
    memory = BodyMemory(10**9)
    looking = asyncio.create_task(uploads.look_at(body_of(picture(), memory), lane=Lane.LIVE, deadline_s=soon()))
    await asyncio.wait_for(pushed.wait(), 10)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    await asyncio.sleep(0)
    assert scanner.cancelled == [scanner.pushes[0].scan]
    assert (repr(uploads), memory.used_bytes) == ("<Uploads in_flight=0>", 0)
    assert hub.scans_open == 0
