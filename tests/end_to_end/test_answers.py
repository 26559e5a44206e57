"""What callers are told, with the admin's choices and without."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from coordinator.judge.outcomes import Answer, Outcome
from coordinator.settings import Settings
from tests.end_to_end.caller import slow_caller, upload
from tests.end_to_end.peer import Peer
from tests.end_to_end.pictures import bright, broken, dark, picture
from tests.end_to_end.processes import Coordinator, Scanner

REJECTING = {name: Answer.REJECT for name in Settings.model_fields if name.startswith("on_")}
ACCEPTING = {name: Answer.ACCEPT for name in Settings.model_fields if name.startswith("on_")}
SMALL = {"body_limit": 100_000}

REPORT = {
    *("scan_id", "outcome", "answer", "would_be", "reason", "parts", "look", "looks", "partial", "format"),
    *("remembered", "sha256", "bytes", "milliseconds"),
}
"""The parts of every report, as the README names them."""

UNSEEN: list[tuple[Outcome, Callable[[], bytes], int]] = [
    (Outcome.NO_SCANNER, dark, 503),
    (Outcome.UNREADABLE, broken, 422),
    (Outcome.UNSUPPORTED, lambda: b"no picture at all", 415),
    (Outcome.TOO_LARGE, lambda: picture(0, padding_bytes=200_000), 413),
]
"""Outcomes that need no scanner, what has them, and the documented status of their rejection."""


async def test_report_says_all_that_the_readme_names(tmp_path: Path) -> None:
    """An upload that a scanner looked at, and the same bytes again: every part of the report, and of its time."""
    body = bright()
    async with Coordinator(tmp_path) as c, Scanner(c, "one"):
        looked_at = await upload(c, body)
        remembered = await upload(c, body)
        for answer in (looked_at, remembered):
            assert answer.status == 406
            assert answer.report.keys() == REPORT
            assert (answer.outcome, answer.report["answer"], answer.report["would_be"]) == ("flagged", *["reject"] * 2)
            assert (answer.report["parts"], answer.report["format"]) == (["light"], "png")
            assert answer.report["sha256"] == hashlib.sha256(body).hexdigest()
            assert answer.report["bytes"] == len(body)
            assert all(isinstance(value, int | float) and value >= 0 for value in answer.ms.values())
            assert f"upload {answer.report['scan_id']} " in c.log
    assert looked_at.ms.keys() == {"body", "frames", "queue", "push", "infer", "judge", "total"}
    assert remembered.ms.keys() == {"body", "ledger", "total"}
    assert [answer.report["remembered"] for answer in (looked_at, remembered)] == [False, True]
    assert looked_at.report["scan_id"] != remembered.report["scan_id"]


async def test_health_is_told_by_both_listeners(tmp_path: Path) -> None:
    """/healthz says that the process is alive, /readyz 503 until a scanner is ready: for pict-rs's side as well."""
    async with Coordinator(tmp_path) as c, httpx2.AsyncClient(verify=False) as client:

        async def told(path: str) -> list[tuple[int, str]]:
            answers = [await client.get(f"http://127.0.0.1:{port}{path}") for port in (c.hook_port, c.public_port)]
            return [(answer.status_code, answer.text) for answer in answers]

        assert await told("/healthz") == [(200, "alive\n")] * 2
        assert await told("/readyz") == [(503, "no scanner is ready\n")] * 2
        async with Peer(c, "one"):
            assert await told("/readyz") == [(200, "ready\n")] * 2
        assert await told("/healthz") == [(200, "alive\n")] * 2


async def test_no_scanner_is_accepted_unless_told_otherwise(tmp_path: Path) -> None:
    """Without a scanner an upload is accepted, by default, and the answer says that nobody looked at it."""
    async with Coordinator(tmp_path) as c:
        answer = await upload(c, dark())
        assert (answer.status, answer.outcome) == (200, "no_scanner")
        assert answer.report["answer"] == answer.report["would_be"] == "accept"
        assert answer.report["looks"] == 0


async def test_outcomes_rejected_have_their_status(tmp_path: Path) -> None:
    """With every outcome set to reject, each has the status of the documented table."""
    async with Coordinator(tmp_path, **SMALL, **REJECTING) as c:
        answers = await asyncio.gather(*(upload(c, make()) for _, make, _ in UNSEEN))
        assert [(a.outcome, a.status) for a in answers] == [(outcome, status) for outcome, _, status in UNSEEN]
        async with Peer(c, "one") as peer:
            serving = asyncio.create_task(peer.serve())
            assert (await upload(c, bright())).status == 406
            assert (await upload(c, dark())).status == 200
            serving.cancel()


@pytest.mark.parametrize(("choice", "status"), [("accept", 200), ("reject", 504)])
async def test_scores_that_do_not_come_are_timed_out(tmp_path: Path, choice: str, status: int) -> None:
    """When a scanner says nothing, the upload is answered by its deadline, as the admin chose."""
    async with Coordinator(tmp_path, deadline_ms=1500, on_timed_out=choice) as c, Peer(c, "silent"):
        # The first of a process pays for what is imported late.
        await upload(c, dark())
        late = await upload(c, dark())
        assert (late.status, late.outcome) == (status, "timed_out")
        assert late.ms["total"] < 1500


async def test_outcomes_accepted_have_status_200(tmp_path: Path) -> None:
    """With every outcome set to accept, each is answered by 200, and the report still says what became of it."""
    async with Coordinator(tmp_path, **SMALL, **ACCEPTING) as c, Peer(c, "one") as peer:
        serving = asyncio.create_task(peer.serve())
        flagged = await upload(c, bright())
        assert (flagged.status, flagged.outcome) == (200, "flagged")
        for outcome, make, _ in UNSEEN[1:]:
            answer = await upload(c, make())
            assert (answer.status, answer.outcome) == (200, outcome)
        serving.cancel()


async def test_shadow_mode_accepts_and_says_what_it_would_do(tmp_path: Path) -> None:
    """Shadow mode accepts a flagged and an unreadable upload, and reports the answer that it would have given."""
    async with Coordinator(tmp_path, mode="shadow") as c, Peer(c, "one") as peer:
        serving = asyncio.create_task(peer.serve())
        for body, would_be in ((bright(), "reject"), (broken(), "reject"), (dark(), "accept")):
            answer = await upload(c, body)
            assert answer.status == 200
            assert (answer.report["answer"], answer.report["would_be"]) == ("accept", would_be)
        serving.cancel()


async def test_same_bytes_at_once_are_looked_at_once(tmp_path: Path) -> None:
    """Two uploads of the same bytes make one scan, and both are told its verdict."""
    async with Coordinator(tmp_path) as c, Peer(c, "one") as peer, slow_caller(c) as second:
        body = bright()
        first = asyncio.create_task(upload(c, body))
        held = await peer.next_scan()
        await second.send(body)
        await second.finish()
        await pass_by(c, peer)
        await peer.answer(held)
        answers = [await first, await second.answer()]
        assert [answer.outcome for answer in answers] == ["flagged", "flagged"]
        assert answers[0].report["sha256"] == answers[1].report["sha256"]


@pytest.mark.parametrize("first_leaves", [True, False])
async def test_same_bytes_are_still_answered_when_one_caller_leaves(tmp_path: Path, first_leaves: bool) -> None:
    """When one of two callers with the same bytes leaves, the scan goes on for the other."""
    async with Coordinator(tmp_path) as c, Peer(c, "one") as peer, slow_caller(c) as first, slow_caller(c) as second:
        body = dark()
        await first.send(body)
        await first.finish()
        held = await peer.next_scan()
        await second.send(body)
        await second.finish()
        await pass_by(c, peer)
        leaving, staying = (first, second) if first_leaves else (second, first)
        await leaving.leave()
        await c.logged("upload abandoned")
        await peer.answer(held)
        answer = await staying.answer()
        assert (answer.status, answer.outcome) == (200, "clean")
        assert peer.cancelled == []


async def pass_by(c: Coordinator, peer: Peer) -> None:
    """Have another picture looked at: whatever was sent before it has been taken in when its scan comes, as the next.

    It needs a process and the wire, where what was sent before needs only the coordinator's own next turn.
    """
    shade = 100
    other = asyncio.create_task(upload(c, picture(shade)))
    held = await peer.next_scan()
    assert held.frames[0][0] == shade
    await peer.answer(held)
    assert (await other).outcome == "clean"
