"""Remember and look up, over a real file."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.ledger.audit import Entry, What
from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.verdicts import Judged
from coordinator.ledger.way import Way
from tests.coordinator.ledger.making import (
    CLEAN,
    FLAGGED,
    LOOKS,
    OTHER_POLICY,
    START,
    WAY,
    Clock,
    debt,
    file_in,
    judged,
    sha,
    soon,
)


def all_bytes(folder: Path) -> bytes:
    """Return the content of all files of a folder."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_ledger_files_are_private(tmp_path: Path) -> None:
    """All files are readable by their owner only, and a folder that is made too, also while the ledger is in use."""
    folder = tmp_path / "data"
    async with Ledger(file_in(folder)) as ledger:
        await ledger.debts.owe(debt(1), deadline_s=soon())
        files = list(folder.iterdir())
        assert {file.name for file in files} >= {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_ledger_verdict_is_remembered(tmp_path: Path) -> None:
    """A verdict is known at once, when it is written, and by the next process."""
    async with Ledger(file_in(tmp_path)) as ledger:
        assert await ledger.look_up(sha(1), WAY) is None
        ledger.remember(judged(1, FLAGGED))
        at_once = await ledger.look_up(sha(1), WAY)
        await ledger.flushed()
        written = await ledger.look_up(sha(1), WAY)
    async with Ledger(file_in(tmp_path)) as ledger:
        later = await ledger.look_up(sha(1), WAY)
    assert at_once is not None
    assert at_once.verdict == FLAGGED
    assert at_once.scores is None
    assert at_once == written == later


@pytest.mark.parametrize(
    "way",
    [
        replace(WAY, views="centre"),
        replace(WAY, cutter_version="2"),
        replace(WAY, frame_size=336),
        replace(WAY, model="other"),
        replace(WAY, weights_fingerprint="e" * 64),
    ],
    ids=["views", "cutter", "frame size", "model", "weights"],
)
async def test_ledger_another_way_is_unknown(tmp_path: Path, way: Way) -> None:
    """A verdict made in another way is none for this one, whether it is written or not."""
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1))
        assert await ledger.look_up(sha(1), way) is None
        await ledger.flushed()
        assert await ledger.look_up(sha(1), way) is None


async def test_ledger_another_policy_gets_the_scores(tmp_path: Path) -> None:
    """A changed policy gets the stored scores, in the order of its own terms, to judge them."""
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1))
        await ledger.flushed()
        known = await ledger.look_up(sha(1), OTHER_POLICY)
    assert known is not None
    assert known.scores is not None
    assert known.scores.looks == LOOKS
    assert [list(row) for row in known.scores.rows] == [pytest.approx([0.3, 0.1]), pytest.approx([0.6, 0.4])]


async def test_ledger_policy_with_a_new_term_is_unknown(tmp_path: Path) -> None:
    """A policy with a term that the scores lack needs a new scan."""
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1))
        await ledger.flushed()
        way = replace(OTHER_POLICY, terms=("one", "four"))
        assert await ledger.look_up(sha(1), way) is None


async def test_ledger_judged_again_by_stored_scores(tmp_path: Path) -> None:
    """What another policy made of stored scores is known afterwards, and the way back is open."""
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1, CLEAN))
        await ledger.flushed()
        again = replace(CLEAN, flagged=True, parts=("light",), look="whole")
        ledger.remember(Judged(sha(1), 1001, OTHER_POLICY, again, START))
        await ledger.flushed()
        known = await ledger.look_up(sha(1), OTHER_POLICY)
        assert known is not None
        assert (known.verdict, known.scores) == (again, None)
        back = await ledger.look_up(sha(1), WAY)
        assert back is not None
        assert back.scores is not None
        assert list(back.scores.rows[0]) == pytest.approx([0.1, 0.2, 0.3])


async def test_ledger_terms_are_not_stored(tmp_path: Path) -> None:
    """No term of a policy stands in the file: they are labels that stay in the policy."""
    way = replace(WAY, terms=("a peculiar label", "two", "three"))
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1, way=way))
    assert b"a peculiar label" not in all_bytes(tmp_path)


async def test_ledger_counts_what_comes_again(tmp_path: Path) -> None:
    """First and last time and the number of times are kept, for scans and for remembered answers."""
    clock = Clock()
    async with Ledger(file_in(tmp_path), clock=clock) as ledger:
        ledger.remember(judged(1))
        await ledger.flushed()
        clock.advance(days=3)
        ledger.note_seen(sha(1), WAY)
        ledger.note_seen(sha(2), WAY)
        await ledger.flushed()
        (verdict,) = (await ledger.summary(sha(1))).verdicts
    assert verdict["count"] == 2
    assert (verdict["first_seen"], verdict["last_seen"]) == ("2026-01-01T12:00:00+00:00", "2026-01-04T12:00:00+00:00")


async def test_ledger_counts_often_and_writes_once(tmp_path: Path) -> None:
    """What comes many times within a moment is one record to be written, and all of it is counted."""
    clock = Clock()
    async with Ledger(file_in(tmp_path), clock=clock) as ledger:
        ledger.remember(judged(1))
        ledger.remember(judged(2))
        await ledger.flushed()
        for _ in range(3):
            for _ in range(50):
                clock.advance(seconds=1)
                ledger.note_seen(sha(1), WAY)
            ledger.note_seen(sha(2), WAY)
            assert ledger.waiting == 2
            await ledger.flushed()
        counts = [(await ledger.summary(sha(number))).verdicts[0]["count"] for number in (1, 2)]
        last_seen = (await ledger.summary(sha(1))).verdicts[0]["last_seen"]
    assert counts == [151, 4]
    assert last_seen == "2026-01-01T12:02:30+00:00"


async def test_ledger_decision_goes_before_a_verdict(tmp_path: Path) -> None:
    """A decision is known at once to whoever has the ledger open, before any verdict, until it is forgotten."""
    async with Ledger(file_in(tmp_path)) as running, Ledger(file_in(tmp_path)) as command:
        running.remember(judged(1, FLAGGED))
        await command.decisions.decide(Decided(sha(1), Decision.ALLOW, "admin", START))
        await command.decisions.decide(Decided(sha(2), Decision.BLOCK, "admin", START))
        allowed, blocked = await running.look_up(sha(1), WAY), await running.look_up(sha(2), WAY)
        assert allowed is not None
        assert allowed.decision is Decision.ALLOW
        assert blocked is not None
        assert blocked.decision is Decision.BLOCK
        await running.flushed()
        assert await command.decisions.forget(sha(1), who="admin", at=START) == ()
        assert await running.look_up(sha(1), WAY) is None


async def test_ledger_last_weights(tmp_path: Path) -> None:
    """The weights that judged last are known by their model."""
    async with Ledger(file_in(tmp_path)) as ledger:
        assert await ledger.last_weights("null") == ""
        ledger.remember(judged(1))
        ledger.remember(judged(2, way=replace(WAY, weights_fingerprint="e" * 64)))
        ledger.remember(judged(3, way=replace(WAY, model="other", weights_fingerprint="d" * 64)))
        await ledger.flushed()
        assert await ledger.last_weights("null") == "e" * 64


async def test_ledger_forgets_a_scanner(tmp_path: Path) -> None:
    """The verdicts of one scanner since a time go, with their scores; others stay, and it is in the log."""
    clock = Clock()
    async with Ledger(file_in(tmp_path), clock=clock) as ledger:
        ledger.remember(judged(1, CLEAN))
        ledger.remember(judged(2, FLAGGED))
        clock.advance(days=1)
        for number in range(3, 9):
            ledger.remember(judged(number, CLEAN, at=clock()))
        await ledger.flushed()
        assert await ledger.forget_scanner(CLEAN.scanner, clock(), who="admin") == 6
        known = [number for number in range(1, 9) if await ledger.look_up(sha(number), WAY)]
        (entry,) = await ledger.audit.entries()
    assert known == [1, 2]
    assert (entry.what, entry.details["count"]) == (What.DECISION, 6)


async def test_ledger_records_before_it_returns(tmp_path: Path) -> None:
    """An entry that was recorded is there for another process at once."""
    entry = Entry(What.REJECTION, START, "lemmy", sha(1), {"outcome": "flagged", "parts": ["light"]})
    async with Ledger(file_in(tmp_path)) as ledger, Ledger(file_in(tmp_path)) as other:
        await ledger.record(entry, deadline_s=soon())
        assert await other.audit.entries() == (entry,)


async def test_ledger_close_writes_what_waits(tmp_path: Path) -> None:
    """Nothing that was remembered is lost by closing at once."""
    async with Ledger(file_in(tmp_path)) as ledger:
        for number in range(50):
            ledger.remember(judged(number))
    async with Ledger(file_in(tmp_path)) as ledger:
        found = await asyncio.gather(*(ledger.look_up(sha(number), WAY) for number in range(50)))
    assert None not in found
