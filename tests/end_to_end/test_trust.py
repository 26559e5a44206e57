"""Scanners that answer, in form, and wrong: found by references, spot checks, and scores that never change."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from scanner.models.null import NullModel
from shared.close_codes import CloseCode
from shared.messages import Failure, FailureKind, Ready, ServedModel
from tests.end_to_end.caller import upload
from tests.end_to_end.peer import NULL, WAIT_S, Held, Peer
from tests.end_to_end.pictures import animation, bright, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.waiting import until

DEMO = ServedModel("demo", "0", 64)

MOST_CHECKS = 30
"""Each picture is checked by the scanner that was compared the least, so that far fewer will do."""


def low(held: Held) -> list[float]:
    """Answer 0.1 lower than is right."""
    return [score - 0.1 for score in held.scores()]


def constant(held: Held) -> list[float]:
    """Answer the same whatever is shown."""
    return [0.2 for _ in held.frames]


def checks_of(peers: Sequence[Peer]) -> int:
    """Count the spot checks that peers have answered."""
    return sum(peer.spot_checks for peer in peers)


async def have_one_checked(c: Coordinator, peers: Sequence[Peer]) -> None:
    """Upload a picture that is flagged, and wait until it was looked at a second time."""
    before = checks_of(peers)
    assert (await upload(c, bright())).outcome == "flagged"
    await until(lambda: checks_of(peers) > before, within_s=WAIT_S, what="a spot check")


async def refused(peer: Peer) -> tuple[str, str]:
    """Let a peer say that it is ready; return why it was closed, and what it is told when it comes back."""
    await peer.connect()
    await peer.introduce()
    await peer.send(Ready())
    code, reason = await peer.closed()
    assert code == CloseCode.COME_BACK
    await peer.connect()
    problem = (await peer.introduce()).problem
    await peer.leave()
    return reason, problem


@pytest.mark.parametrize(
    ("settings", "model", "terms"), [({}, NULL, 1), ({"model": "demo", "policy": ""}, DEMO, 2)], ids=["null", "demo"]
)
async def test_scanner_that_says_the_same_of_all_references_is_set_aside(
    tmp_path: Path, settings: dict[str, str], model: ServedModel, terms: int
) -> None:
    """Two unlike frames of noise cannot score alike: it is closed, and told why when it comes back."""
    async with Coordinator(tmp_path, **settings) as c:
        reason, problem = await refused(Peer(c, "stuck", model=model, terms=terms, examined=constant))
        assert "same scores for unlike frames" in reason
        assert "set aside for another" in problem
        assert "same scores for unlike frames" in problem
        assert "is ready" not in c.log


async def test_scanner_that_answers_differently_when_asked_again_is_set_aside(tmp_path: Path) -> None:
    """The same frames, asked twice, must score the same, within what the precision allows."""
    drift = itertools.count()
    async with Coordinator(tmp_path) as c:
        peer = Peer(c, "drifting", examined=lambda held: [s + 0.01 * next(drift) for s in held.scores()])
        reason, _ = await refused(peer)
        assert "asked the same twice" in reason


class Failing(Peer):
    """Fails on whatever it is sent."""

    async def answer(self, held: Held, scores: Sequence[float] | None = None) -> None:
        """Send a failure in the place of scores."""
        await self.send(Failure(held.scan.scan_id, held.scan.attempt, FailureKind.OUT_OF_MEMORY, "no memory"))


async def test_scanner_that_fails_on_the_reference_has_to_come_back(tmp_path: Path) -> None:
    """It is closed, and may try again at once: nothing wrong was said."""
    async with Coordinator(tmp_path) as c:
        reason, problem = await refused(Failing(c, "failing"))
        assert reason == "failed on the reference: out of memory"
        assert problem == ""


async def test_reference_of_a_wrong_shape_costs_the_connection(tmp_path: Path) -> None:
    """A reference is checked as any result is."""
    async with Coordinator(tmp_path) as c:
        peer = Peer(c, "short", examined=lambda held: [0.1])
        await peer.connect()
        await peer.introduce()
        await peer.send(Ready())
        assert (await peer.closed())[0] == CloseCode.MALFORMED
        await peer.leave()


async def test_reference_fits_a_scanner_that_takes_one_frame(tmp_path: Path) -> None:
    """No question is larger than the scanner's capacity."""
    async with Coordinator(tmp_path) as c, Peer(c, "tiny", capacity=1) as peer:
        assert peer.most_in_flight == 1


async def test_newcomer_that_two_others_contradict_is_set_aside(tmp_path: Path) -> None:
    """Two scanners of the same weights say otherwise: the newcomer is wrong."""
    async with Coordinator(tmp_path) as c, Peer(c, "one"), Peer(c, "two"):
        reason, _ = await refused(Peer(c, "liar", examined=low))
        assert "scores differ by 0.1000" in reason


async def test_scanner_with_other_weights_than_allowed_gets_nothing(tmp_path: Path) -> None:
    """FEDIWARD_FINGERPRINT names the fingerprint: another is told so, and is sent nothing."""
    async with Coordinator(tmp_path, fingerprint="feed0123beef") as c:
        peer = Peer(c, "other")
        await peer.connect()
        welcome = await peer.introduce()
        assert "FEDIWARD_FINGERPRINT" in welcome.problem
        assert (await upload(c, bright())).outcome == "no_scanner"
        await peer.leave()


async def test_scanner_with_the_weights_that_are_allowed_serves(tmp_path: Path) -> None:
    """The first digits of the fingerprint will do, in either case."""
    async with Coordinator(tmp_path, fingerprint=NullModel.fingerprint[:12].upper()) as c, Scanner(c, "right"):
        assert (await upload(c, bright())).outcome == "flagged"


async def test_odd_one_out_is_set_aside(tmp_path: Path) -> None:
    """Every flagged picture is looked at twice: of three scanners, the one that contradicts both others has to go."""
    async with Coordinator(tmp_path) as c, AsyncExitStack() as stack:
        good = [await stack.enter_async_context(Peer(c, name)) for name in ("one", "two")]
        liar = await stack.enter_async_context(Peer(c, "liar", spot_checked=low))
        serving = [asyncio.create_task(peer.serve()) for peer in (*good, liar)]
        peers = (*good, liar)
        while "is set aside" not in c.log and checks_of(peers) < MOST_CHECKS:
            await have_one_checked(c, peers)
        await c.logged(f"scanner {liar.name} is set aside")
        assert (await liar.closed())[0] == CloseCode.COME_BACK
        for task in serving:
            task.cancel()
            await task
        assert "disagree" not in "".join(line for line in c.log.splitlines() if "liar" not in line)


async def test_two_scanners_that_disagree_both_stay(tmp_path: Path) -> None:
    """With two, nobody knows which is wrong: it is said, and neither is set aside."""
    async with Coordinator(tmp_path) as c, Peer(c, "one") as one, Peer(c, "liar", spot_checked=low) as liar:
        for _ in range(5):
            answer = asyncio.create_task(upload(c, bright()))
            before = c.log
            await one.answer(await one.next_scan())
            assert (await answer).outcome == "flagged"
            await c.logged("nobody knows yet", after=before)
        assert "is set aside" not in c.log
        assert liar.spot_checks == 5


async def test_scanner_that_says_the_same_of_unlike_frames_is_at_fault(tmp_path: Path) -> None:
    """In one scan or in two: it counts as a failure, and another scanner is asked."""
    async with Coordinator(tmp_path, model="demo", policy="") as c, Peer(c, "stuck", model=DEMO, terms=2) as stuck:
        first = asyncio.create_task(upload(c, dark()))
        await stuck.answer(await stuck.next_scan(), [0.1])
        assert (await first).outcome == "clean"
        second = asyncio.create_task(upload(c, bright()))
        held = await stuck.next_scan()
        async with Peer(c, "good", model=DEMO, terms=2) as good:
            await stuck.answer(held, [0.1])
            await good.answer(await good.next_scan(), [0.2])
            assert (await second).outcome == "clean"
        await c.logged("gave the same scores for unlike frames")
        assert "stuck" in c.log


async def test_equal_scores_of_frames_that_are_alike_are_no_fault(tmp_path: Path) -> None:
    """An animation of one shade may well score the same in all its moments."""
    async with Coordinator(tmp_path, model="demo", policy="") as c, Peer(c, "one", model=DEMO, terms=2) as peer:
        answer = asyncio.create_task(upload(c, animation(0)))
        held = await peer.next_scan()
        await peer.answer(held, [0.1] * held.scan.frames)
        assert (await answer).outcome == "clean"
        assert "same scores" not in c.log
