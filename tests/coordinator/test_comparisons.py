"""Second opinions: real hub, machine and trust; scripted connections."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import pytest

from coordinator.comparisons import MOST_OPEN, Comparisons
from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import RETURN_GRACE_S, Machine
from coordinator.hub import Hub
from coordinator.judge.scores import Scores
from coordinator.trust.record import Identity, Trust
from coordinator.trust.sampling import Sampler
from shared.messages import Lane
from tests.end_to_end.waiting import until

SIZE = 16
FRAMES = tuple(bytes([shade]) * (SIZE * SIZE * 3) for shade in (10, 20, 30))
ROWS = [[0.1], [0.2], [0.3]]
IDENTITY = Identity("software", "device", "fp32", "weights", 8)


class Opinionated:
    """A scanner whose scores are right but for an error; or that says nothing, and holds what it is asked."""

    def __init__(self, scene: Scene, name: str, *, error: float | None) -> None:
        self.name = name
        self.asked: list[Sequence[bytes]] = []
        self.cancelled: list[str] = []
        self.aside = ""
        self._scene = scene
        self._error = error
        self.generation = scene.hub.join(name, 8, self)
        scene.trust.join(name)
        examination = scene.trust.examine(name, IDENTITY, frame_size=SIZE, now=0.0)
        assert examination is not None
        while examination.question:
            examination.take([[frame[0] / 255] for frame in examination.question])
        assert scene.trust.judge(name, IDENTITY, examination) == ""
        scene.hub.handle(ev.ScannerReady(self.generation))

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        self.asked.append(frames)
        if self._error is not None:
            rows = [[frame[0] / 100 + self._error] for frame in frames]
            result = (self.generation, push.scan, push.attempt, Scores(rows))
            asyncio.get_running_loop().call_soon(self._scene.hub.note_result, *result)

    def cancel(self, scan: str) -> None:
        self.cancelled.append(scan)

    def fence(self) -> None:
        raise AssertionError("nobody fences it")

    def set_aside(self, reason: str) -> None:
        self.aside = reason
        self._scene.hub.leave(self.generation)


class Scene:
    """A hub with scanners, and comparisons of every scan."""

    def __init__(self, *, share: float = 1.0) -> None:
        self.hub = Hub(Machine(now=asyncio.get_running_loop().time() - RETURN_GRACE_S))
        numbers = itertools.count()
        self.trust = Trust(noise=lambda count: bytes((next(numbers) + at) % 256 for at in range(count)))
        self.comparisons = Comparisons(hub=self.hub, trust=self.trust, sampler=Sampler(lambda: 0.5, share=share))

    def add(self, name: str, *, error: float | None = 0.0) -> Opinionated:
        """Let a scanner be ready; None for the error: it never answers."""
        return Opinionated(self, name, error=error)

    def consider(self, scanner: Opinionated, *, flagged: bool = False, decisive: int = 0) -> None:
        """Take what a scanner said of a scan of three frames: what is right."""
        scored = ev.Scored(scanner.generation, scanner.name, 1, len(ROWS), Scores(ROWS))
        self.comparisons.consider(FRAMES, SIZE, scored, flagged=flagged, decisive=decisive)

    async def rest(self) -> None:
        """Wait until nothing is compared any more."""
        await until(lambda: repr(self.comparisons) == "<Comparisons open=0>", within_s=5, what="all is compared")
        self.hub.close()


async def test_comparison_asks_another_for_the_decisive_frame_first() -> None:
    """Two frames at most; they agree, and that is counted."""
    scene = Scene()
    one, two = scene.add("one"), scene.add("two")
    before = scene.trust.records["one"].comparisons
    scene.consider(one, decisive=1)
    assert two.asked == []
    await scene.rest()
    assert two.asked == [[FRAMES[1], FRAMES[0]]]
    assert one.asked == []
    assert scene.trust.records["one"].comparisons == before + 1
    assert scene.trust.disagreements("one") == 0


async def test_comparison_is_of_a_sample_and_of_what_is_flagged() -> None:
    """A clean scan that was not drawn is not looked at again; a flagged one is."""
    scene = Scene(share=0.4)
    one, two = scene.add("one"), scene.add("two")
    scene.consider(one)
    await scene.rest()
    assert two.asked == []
    scene.consider(one, flagged=True)
    await scene.rest()
    assert len(two.asked) == 1


async def test_comparison_needs_somebody_idle() -> None:
    """Nobody else there, or nobody who has nothing to do: nothing happens."""
    scene = Scene()
    one = scene.add("one")
    scene.consider(one)
    two = scene.add("two", error=None)
    deadline_s = asyncio.get_running_loop().time() + 5
    live = [asyncio.create_task(scene.hub.scan(FRAMES, SIZE, Lane.LIVE, deadline_s)) for _ in range(2)]
    await asyncio.sleep(0)
    assert two.asked
    scene.consider(one)
    assert repr(scene.comparisons) == "<Comparisons open=0>"
    for task in live:
        task.cancel()
    await asyncio.gather(*live, return_exceptions=True)
    scene.hub.close()


async def test_comparison_gives_way_to_a_scan() -> None:
    """A scan wants the scanner: the comparison is cancelled there, and counts for nothing."""
    scene = Scene()
    one, two = scene.add("one", error=None), scene.add("two", error=None)
    before = scene.trust.records["one"].comparisons
    scene.consider(one)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(two.asked) == 1
    deadline_s = asyncio.get_running_loop().time() + 5
    live = [asyncio.create_task(scene.hub.scan(FRAMES, SIZE, Lane.LIVE, deadline_s)) for _ in range(2)]
    await scene.rest()
    assert two.cancelled == ["c1"]
    assert len(two.asked) == 2
    assert scene.trust.records["one"].comparisons == before
    for task in live:
        task.cancel()
    await asyncio.gather(*live, return_exceptions=True)


async def test_comparisons_are_bounded_and_end_with_their_owner() -> None:
    """A scanner that never answers holds no more than a few pairs of frames, and none once all is over."""
    scene = Scene()
    scanners = [scene.add(f"scanner{number}", error=None) for number in range(MOST_OPEN + 3)]
    async with scene.comparisons:
        for scanner in scanners:
            scene.consider(scanner)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert repr(scene.comparisons) == f"<Comparisons open={MOST_OPEN}>"
        assert sum(len(scanner.asked) for scanner in scanners) == MOST_OPEN
    await scene.rest()
    assert not scene.hub.machine.spot_checks
    assert sum(len(scanner.cancelled) for scanner in scanners) == MOST_OPEN


async def test_third_opinion_tells_who_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    """Where two disagree a third is asked at once; the odd one out is set aside, whoever it is."""
    scene = Scene()
    one, odd, other = scene.add("one"), scene.add("odd", error=0.2), scene.add("other")
    for _ in range(10):
        if not odd.aside:
            scene.consider(one)
            await scene.rest()
    assert odd.aside == "its scores differ from those of one and other"
    assert (one.aside, other.aside) == ("", "")
    assert scene.trust.problem_of("odd", IDENTITY.weights, asyncio.get_running_loop().time())
    assert "scanner odd is set aside for 60 s" in caplog.text


async def test_two_that_disagree_both_go_on(caplog: pytest.LogCaptureFixture) -> None:
    """It is said every time, and counted."""
    scene = Scene()
    one, other = scene.add("one"), scene.add("other", error=0.2)
    for _ in range(10):
        scene.consider(one)
        await scene.rest()
    assert scene.trust.disagreements("one") == 10
    assert (one.aside, other.aside) == ("", "")
    assert caplog.text.count("nobody knows yet") == 10
