"""What the coordinator remembers: real processes, real uploads, and the ledger's own commands beside them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.ledger import Ledger
from tests.coordinator.ledger.breaking import break_inside
from tests.coordinator.ledger.holding import written_by_another
from tests.end_to_end.caller import Answer, upload
from tests.end_to_end.forked import run_beside
from tests.end_to_end.peer import Peer
from tests.end_to_end.pictures import bright, broken, dark
from tests.end_to_end.policy import POLICY
from tests.end_to_end.processes import Coordinator, environment
from tests.end_to_end.waiting import until


def ledger_of(c: Coordinator) -> Path:
    """Return the file of a coordinator's ledger."""
    return c.data_dir / "ledger.sqlite"


async def command(c: Coordinator, *arguments: str) -> Any:
    """Run `ledger …` beside a coordinator; return its JSON where it writes any."""
    line = ["-m", "coordinator", "ledger", *arguments]
    done = await run_beside(line, folder=c.folder, environment=environment(data_dir=c.data_dir))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if "--json" in arguments else None


async def judge(c: Coordinator, *bodies: bytes) -> list[Answer]:
    """Upload bodies while a scanner is there, and see it leave."""
    async with Peer(c, "one") as peer:
        serving = asyncio.create_task(peer.serve())
        answers = [await upload(c, body) for body in bodies]
        serving.cancel()
    await c.logged(f"scanner {peer.name} left")
    return answers


async def test_remembering_needs_no_scanner(tmp_path: Path) -> None:
    """The same bytes are answered again as before, at once and after a restart, when no scanner is there."""
    async with Coordinator(tmp_path) as c:
        bodies = [bright(), dark()]
        first = await judge(c, *bodies)
        again = [await upload(c, body) for body in bodies]
        assert await c.stop() == 0
        await c.start()
        restarted = [await upload(c, body) for body in bodies]
    assert [(a.status, a.outcome) for a in first] == [(406, "flagged"), (200, "clean")]
    for answers in (again, restarted):
        assert [(a.status, a.outcome) for a in answers] == [(406, "flagged"), (200, "clean")]
    same = ("parts", "look", "looks", "format", "sha256", "bytes")
    for one, two in zip(first, again, strict=True):
        assert {key: one.report[key] for key in same} == {key: two.report[key] for key in same}
        assert (one.report["remembered"], two.report["remembered"]) == (False, True)


async def test_remembering_nothing_when_told_so(tmp_path: Path) -> None:
    """`?record=0` leaves nothing: no verdict, no debt, no entry in the log."""
    async with Coordinator(tmp_path) as c:
        body, unseen = bright(), dark()
        assert (await upload(c, unseen, query="?record=0")).outcome == "no_scanner"
        async with Peer(c, "one") as peer:
            serving = asyncio.create_task(peer.serve())
            assert (await upload(c, body, query="?record=0")).outcome == "flagged"
            serving.cancel()
        await c.logged(f"scanner {peer.name} left")
        assert (await upload(c, body, query="?record=0")).outcome == "no_scanner"
        assert await command(c, "log", "--json") == []
        assert await command(c, "debts", "--json") == []


async def test_remembering_what_an_admin_decided(tmp_path: Path) -> None:
    """A false positive is allowed by the hash in its answer, and the next upload passes; a block works the same way."""
    async with Coordinator(tmp_path) as c:
        wrong, missed = bright(), dark()
        flagged, clean = await judge(c, wrong, missed)
        await command(c, "allow", flagged.report["sha256"], "--note", "a tree")
        await command(c, "block", clean.report["sha256"])
        allowed, blocked = await upload(c, wrong), await upload(c, missed)
        assert (allowed.status, allowed.outcome, allowed.report["remembered"]) == (200, "allowed", True)
        assert (blocked.status, blocked.outcome, blocked.report["reason"]) == (406, "blocked", "blocked by an admin")
        await command(c, "forget", flagged.report["sha256"])
        assert (await upload(c, wrong)).outcome == "no_scanner"


async def test_remembering_scores_for_another_policy(tmp_path: Path) -> None:
    """A changed threshold judges the stored scores again, without a scanner; what was clean may be flagged and back."""
    stricter = tmp_path / "stricter.toml"
    stricter.write_text(POLICY.replace("0.25", "0.05"))
    body = dark()
    async with Coordinator(tmp_path) as c:
        assert [a.outcome for a in await judge(c, body)] == ["clean"]
        assert await c.stop() == 0
        c.variables = {"FEDIWARD_POLICY": str(stricter)}
        await c.start()
        for _ in range(2):
            answer = await upload(c, body)
            assert (answer.status, answer.outcome, answer.report["remembered"]) == (406, "flagged", True)
            assert answer.report["parts"] == ["light"]
        c.variables = {}
        assert await c.stop() == 0
        await c.start()
        assert (await upload(c, body)).outcome == "clean"


async def test_remembering_one_way_of_looking(tmp_path: Path) -> None:
    """A verdict counts for the way in which the picture was looked at: with other views it must be looked at again."""
    async with Coordinator(tmp_path) as c:
        body = dark()
        await judge(c, body)
        assert await c.stop() == 0
        c.variables = {"FEDIWARD_VIEWS": "centre"}
        await c.start()
        assert (await upload(c, body)).outcome == "no_scanner"


async def test_remembering_what_nobody_looked_at(tmp_path: Path) -> None:
    """A picture accepted unseen is a debt once, with what the caller said of it, when its answer is there."""
    async with Coordinator(tmp_path) as c:
        body = dark()
        for _ in range(2):
            answer = await upload(c, body)
            assert (answer.status, answer.outcome, answer.report["remembered"]) == (200, "no_scanner", False)
        (debt,) = await command(c, "debts", "--json")
        assert (debt["sha256"], debt["outcome"], debt["media type"]) == (
            answer.report["sha256"],
            "no_scanner",
            "image/png",
        )


async def test_remembering_no_debt_for_what_was_rejected(tmp_path: Path) -> None:
    """What nobody looked at and was rejected is in the log, and owes nothing."""
    async with Coordinator(tmp_path, on_no_scanner="reject") as c:
        answer = await upload(c, dark())
        assert (answer.status, answer.outcome) == (503, "no_scanner")
        assert await command(c, "debts", "--json") == []
        (entry,) = await command(c, "log", "--json")
        assert (entry["what"], entry["sha256"]) == ("rejection", answer.report["sha256"])


async def test_remembering_rejections(tmp_path: Path) -> None:
    """Each rejection is in the log with its caller, outcome and parts when its answer is there; acceptances are not."""
    async with Coordinator(tmp_path) as c:
        flagged, _ = await judge(c, bright(), dark())
        unreadable = await upload(c, broken())
        first, second = await command(c, "log", "--json")
        assert (first["who"], first["sha256"]) == ("local-networks", flagged.report["sha256"])
        assert (first["details"]["outcome"], first["details"]["parts"]) == ("flagged", ["light"])
        assert first["details"]["scan_id"] == flagged.report["scan_id"]
        assert (second["sha256"], second["details"]["outcome"]) == (unreadable.report["sha256"], "unreadable")


async def test_remembering_later_when_the_database_is_locked(tmp_path: Path) -> None:
    """With the database locked, uploads are scanned and answered in time; all is written within 30 s after."""
    async with Coordinator(tmp_path, deadline_ms=4000) as c:
        unseen = [await upload(c, dark()) for _ in range(2)]
        with written_by_another(ledger_of(c)):
            late = await asyncio.gather(*(upload(c, dark()) for _ in range(10)))
            async with Peer(c, "one") as peer:
                serving = asyncio.create_task(peer.serve())
                known = dark()
                judged = await asyncio.gather(*(upload(c, body) for body in (known, bright(), bright())))
                again = await upload(c, known)
                serving.cancel()
            await c.logged("another process has locked it")
        assert {(a.status, a.outcome) for a in (*unseen, *late)} == {(200, "no_scanner")}
        assert [a.status for a in judged] == [200, 406, 406]
        assert (again.outcome, again.report["remembered"]) == ("clean", True)
        assert max(a.ms["total"] for a in (*late, *judged)) < 4000
        await c.logged("the ledger can be written again", within_s=30)
        await _written(c, debts=12, rejections=2)


@pytest.mark.slow
async def test_remembering_what_was_answered_before_a_kill(tmp_path: Path) -> None:
    """After kill -9 under load no debt and no rejection is missing whose answer had been given."""
    answered: list[Answer] = []

    def unseen() -> int:
        return sum(answer.status == 200 for answer in answered)

    async def ask_for_ever(c: Coordinator, number: int) -> None:
        while True:
            answered.append(await upload(c, broken() if number % 2 else dark()))

    async with Coordinator(tmp_path) as c:
        for _ in range(3):
            enough = unseen() + 12
            asking = [asyncio.create_task(ask_for_ever(c, number)) for number in range(6)]
            await until(partial(_reaches, unseen, enough), within_s=60, what="uploads are accepted unseen")
            await c.stop(signal.SIGKILL)
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            await c.start()
        async with Ledger(ledger_of(c)) as ledger:
            debts = {owed.debt.sha256 for owed in await ledger.debts.all_open(limit=100_000)}
            rejections = {entry.sha256 for entry in await ledger.audit.entries(limit=100_000)}
    assert {answer.status for answer in answered} == {200, 422}
    assert {a.report["sha256"] for a in answered if a.status == 200} <= debts
    assert {a.report["sha256"] for a in answered if a.status == 422} <= rejections


async def test_remembering_what_an_admin_allows_while_a_sweep_has_it_looked_at(tmp_path: Path) -> None:
    """Nothing may be removed that is allowed by then: a sweep is told what an admin decided meanwhile."""
    async with Coordinator(tmp_path) as c, Peer(c, "one") as peer:
        secret = c.new_caller("sweep", may_sweep=True)
        body = bright()
        looking = asyncio.create_task(upload(c, body, secret=secret, query="?lane=sweep"))
        held = await peer.next_scan()
        async with Ledger(ledger_of(c)) as ledger:
            sha256 = hashlib.sha256(body).hexdigest()
            await ledger.decisions.decide(Decided(sha256, Decision.ALLOW, "ann", datetime.now(UTC)))
        await peer.answer(held)
        answer = await looking
    assert (answer.status, answer.outcome, answer.report["reason"]) == (200, "allowed", "allowed by an admin")


@pytest.mark.parametrize("damage", ["damaged", "damaged inside", "newer"])
async def test_remembering_refuses_to_start(tmp_path: Path, damage: str) -> None:
    """With a ledger that cannot be used the coordinator says so in one sentence, leaves it, and ends with code 2."""
    async with Coordinator(tmp_path) as c:
        assert await c.stop() == 0
        if damage == "damaged":
            ledger_of(c).write_bytes(b"\xa5" * 9000)
        elif damage == "damaged inside":
            break_inside(ledger_of(c))
        else:
            _pretend_newer(ledger_of(c))
        before, content = c.log, ledger_of(c).read_bytes()
        c.launch()
        assert await c.ended() == 2
        assert c.log[len(before) :].strip().splitlines()[-1].startswith(str(ledger_of(c)))
        assert ledger_of(c).read_bytes() == content


def _reaches(count: Callable[[], int], enough: int) -> bool:
    return count() >= enough


async def _written(c: Coordinator, *, debts: int, rejections: int) -> None:
    async with asyncio.timeout(30), Ledger(ledger_of(c)) as ledger:
        while await _counts(ledger) < (debts, rejections):  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.1)
        assert await _counts(ledger) == (debts, rejections)


async def _counts(ledger: Ledger) -> tuple[int, int]:
    return (await ledger.debts.debt_counts()).open, len(await ledger.audit.entries())


def _pretend_newer(path: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
