"""Between uploads and the ledger, over a real file."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.body import Body, BodyMemory
from coordinator.judge.loader import load_policy
from coordinator.judge.outcomes import Answer, Mode, Outcome, OutcomeTable
from coordinator.ledger.audit import Entry
from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.ledger import Ledger
from coordinator.media.looks import Views
from coordinator.records import COMMIT_S, Records
from coordinator.uploads import Evidence, Finding
from tests.coordinator.ledger.holding import written_by_another
from tests.coordinator.ledger.making import START, file_in, soon

WEIGHTS = "f" * 64
EVIDENCE = Evidence(("centre", "whole"), ((0.9, 0.0), (0.9, 0.9)), WEIGHTS)
FLAGGED = Finding(
    Outcome.FLAGGED,
    parts=("red disc", "blue square"),
    look="whole",
    looks=2,
    format="png",
    scanner="box",
    evidence=EVIDENCE,
)
UNSEEN = Finding(Outcome.NO_SCANNER)
FAILED_ON = Finding(Outcome.SCANNER_FAULT)


def body_of(data: bytes = b"a picture") -> Body:
    """Return a body that was read."""
    return Body(BodyMemory(0), size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """A ledger that gives a lock up soon."""
    async with Ledger(file_in(tmp_path), busy_s=0.05) as opened:
        yield opened


@pytest.fixture
def records(ledger: Ledger) -> Records:
    """Records by the demo policy: a red disc and a blue square in one picture."""
    return records_of(ledger)


def records_of(ledger: Ledger, *, weights: str = WEIGHTS) -> Records:
    """Return records by the demo policy; the scanners have these weights."""
    policy = load_policy("demo")
    return Records(ledger=ledger, policy=policy, views=Views.ALL, weights=lambda: weights, clock=lambda: START)


async def write_down(
    records: Records,
    finding: Finding,
    *,
    mode: Mode = Mode.ENFORCE,
    choices: dict[Outcome, Answer] | None = None,
    media_type: str = "image/png",
    left_s: float = 20.0,
) -> None:
    """Write down what became of an upload."""
    await records.write_down(
        body_of(),
        finding,
        OutcomeTable(choices or {}, mode).rule(finding.outcome),
        who="lemmy",
        media_type=media_type,
        scan_id="1",
        mode=mode,
        deadline_s=soon(left_s),
    )


async def entries(ledger: Ledger) -> list[Entry]:
    """Return the log."""
    return list(await ledger.audit.entries())


async def test_records_what_was_kept_is_recalled(records: Records) -> None:
    """A verdict comes back as it was, said to be remembered, and without its scores."""
    assert await records.recall(body_of()) is None
    records.keep(body_of(), FLAGGED)
    recalled = await records.recall(body_of())
    assert recalled is not None
    assert set(recalled.milliseconds) == {"ledger"}
    expected = replace(FLAGGED, remembered=True, evidence=None, reason="judged before")
    assert replace(recalled, milliseconds={}) == expected


@pytest.mark.parametrize(
    "finding",
    [UNSEEN, replace(FLAGGED, partial=True), Finding(Outcome.UNREADABLE), FAILED_ON],
    ids=lambda finding: "partial" if finding.partial else str(finding.outcome),
)
async def test_records_what_is_no_verdict_is_not_kept(ledger: Ledger, records: Records, finding: Finding) -> None:
    """What was not judged in all its looks may come out otherwise next time."""
    records.keep(body_of(), finding)
    assert ledger.waiting == 0
    assert await records.recall(body_of()) is None


async def test_records_of_other_weights(ledger: Ledger, records: Records) -> None:
    """When the scanners have other weights than those that judged, the picture must be looked at again."""
    records.keep(body_of(), FLAGGED)
    assert await records_of(ledger, weights="e" * 64).recall(body_of()) is None


async def test_records_before_the_first_scanner(ledger: Ledger, records: Records) -> None:
    """Before a scanner has said which weights it has, those that judged last count."""
    records.keep(body_of(), FLAGGED)
    policy = load_policy("demo")
    early = Records(ledger=ledger, policy=policy, views=Views.ALL, weights=lambda: "", last_weights=WEIGHTS)
    assert await early.recall(body_of()) is not None


async def test_records_judge_again_by_a_changed_policy(ledger: Ledger, records: Records) -> None:
    """Stored scores are judged by the policy in force, and the new verdict is remembered."""
    definition = load_policy("demo").definition
    over = tuple(limit + 0.05 for limits in definition.thresholds.values() for limit in limits.values())
    evidence = Evidence(("centre", "whole"), ((0.0, 0.0), over), WEIGHTS)
    records.keep(body_of(), replace(FLAGGED, evidence=evidence))
    await ledger.flushed()
    policy = load_policy("demo", strictness=dict.fromkeys(definition.parts, -0.1))
    milder = Records(ledger=ledger, policy=policy, views=Views.ALL, weights=lambda: WEIGHTS, clock=lambda: START)
    for _ in range(2):
        recalled = await milder.recall(body_of())
        assert recalled is not None
        assert (recalled.outcome, recalled.remembered) == (Outcome.CLEAN, True)
        await ledger.flushed()
    again = await records.recall(body_of())
    assert again is not None
    assert (again.outcome, again.look) == (Outcome.FLAGGED, "whole")


@pytest.mark.parametrize(("recording", "count"), [(True, 2), (False, 1)])
async def test_records_count_only_when_recording(ledger: Ledger, records: Records, recording: bool, count: int) -> None:
    """A remembered answer counts, unless the caller wants nothing recorded."""
    records.keep(body_of(), FLAGGED)
    await ledger.flushed()
    assert await records.recall(body_of(), recording=recording) is not None
    await ledger.flushed()
    (verdict,) = (await ledger.summary(body_of().sha256)).verdicts
    assert verdict["count"] == count


@pytest.mark.parametrize(
    ("decision", "source", "outcome", "reason"),
    [
        (Decision.ALLOW, "", Outcome.ALLOWED, "allowed by an admin"),
        (Decision.BLOCK, "", Outcome.BLOCKED, "blocked by an admin"),
        (Decision.BLOCK, "friends", Outcome.BLOCKED, "blocked by the list friends"),
    ],
)
async def test_records_decisions_go_first(
    ledger: Ledger, records: Records, decision: Decision, source: str, outcome: Outcome, reason: str
) -> None:
    """What was decided is answered, whatever was judged, and says by whom."""
    records.keep(body_of(), FLAGGED)
    await ledger.decisions.decide(Decided(body_of().sha256, decision, "ann", START, source=source))
    recalled = await records.recall(body_of())
    assert recalled is not None
    assert (recalled.outcome, recalled.reason, recalled.remembered) == (outcome, reason, True)


async def test_records_unseen_and_accepted_is_a_debt(ledger: Ledger, records: Records) -> None:
    """What was accepted unseen is owed, with no more of the caller's words than fit."""
    await write_down(records, UNSEEN, media_type="x" * 1000)
    (owed,) = await ledger.debts.all_open(limit=10)
    assert (owed.debt.sha256, owed.debt.outcome) == (body_of().sha256, Outcome.NO_SCANNER)
    assert owed.debt.media_type == "x" * 100
    assert await entries(ledger) == []


async def test_records_accepted_after_scanner_faults_is_a_debt(ledger: Ledger, records: Records) -> None:
    """What two scanners failed on was seen by nobody: accepted all the same, it is owed."""
    await write_down(records, FAILED_ON, choices={Outcome.SCANNER_FAULT: Answer.ACCEPT})
    (owed,) = await ledger.debts.all_open(limit=10)
    assert (owed.debt.sha256, owed.debt.outcome) == (body_of().sha256, Outcome.SCANNER_FAULT)
    assert await entries(ledger) == []


async def test_records_accepted_in_shadow_mode_only_is_a_debt_and_logged(ledger: Ledger, records: Records) -> None:
    """In shadow mode it is accepted, and so owed, and the log says that it would have been rejected."""
    await write_down(records, FAILED_ON, mode=Mode.SHADOW)
    assert [owed.debt.outcome for owed in await ledger.debts.all_open(limit=10)] == [Outcome.SCANNER_FAULT]
    assert [entry.details["outcome"] for entry in await entries(ledger)] == ["scanner_fault"]


async def test_records_rejected_after_scanner_faults_is_no_debt(ledger: Ledger, records: Records) -> None:
    """By default it is rejected, and nothing is owed."""
    await write_down(records, FAILED_ON)
    assert await ledger.debts.all_open(limit=10) == ()
    assert [entry.details["outcome"] for entry in await entries(ledger)] == ["scanner_fault"]


async def test_records_late_is_written_all_the_same(
    ledger: Ledger, records: Records, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A debt is on the disk before its answer also when the deadline has passed: a least time is always there."""
    monkeypatch.setattr("coordinator.records.LEAST_COMMIT_S", 10.0)
    await write_down(records, UNSEEN, left_s=-2.0)
    assert caplog.messages == []
    assert (await ledger.debts.debt_counts()).open == 1


async def test_records_unseen_and_rejected_is_no_debt(ledger: Ledger, records: Records) -> None:
    """What was rejected is not stored by the caller, and owes nothing."""
    await write_down(records, UNSEEN, choices={Outcome.NO_SCANNER: Answer.REJECT})
    assert await ledger.debts.all_open(limit=10) == ()
    assert [entry.details["outcome"] for entry in await entries(ledger)] == ["no_scanner"]


@pytest.mark.parametrize("mode", list(Mode))
async def test_records_rejections_are_logged(ledger: Ledger, records: Records, mode: Mode) -> None:
    """A rejection is logged with who asked and why; in shadow mode what would have been one."""
    await write_down(records, replace(FLAGGED, reason="judged before"), mode=mode)
    (entry,) = await entries(ledger)
    assert entry.details["reason"] == "judged before"
    assert (entry.who, entry.sha256, entry.details["mode"]) == ("lemmy", body_of().sha256, mode)
    assert entry.details["parts"] == ["red disc", "blue square"]


async def test_records_accepted_is_not_logged(ledger: Ledger, records: Records) -> None:
    """An upload that was looked at and accepted leaves no entry."""
    await write_down(records, replace(FLAGGED, outcome=Outcome.CLEAN))
    assert await entries(ledger) == []


@pytest.mark.parametrize("finding", [UNSEEN, FLAGGED], ids=["debt", "rejection"])
async def test_records_do_not_hold_an_answer_back(
    tmp_path: Path, ledger: Ledger, records: Records, finding: Finding, caplog: pytest.LogCaptureFixture
) -> None:
    """When the database is locked the answer leaves in time, which is said; what was owed is written later."""
    loop = asyncio.get_running_loop()
    with written_by_another(file_in(tmp_path)), caplog.at_level(logging.WARNING):
        began_s = loop.time()
        await write_down(records, finding)
        assert loop.time() - began_s < COMMIT_S + 1.0
    assert "answered before it is written down" in caplog.text
    async with asyncio.timeout(30):
        await ledger.flushed()
    assert len(await ledger.debts.all_open(limit=10)) + len(await entries(ledger)) == 1


async def test_records_lose_nothing_of_an_answer_that_is_not_held_back(
    tmp_path: Path, ledger: Ledger, records: Records
) -> None:
    """Of a debt that is a rejection in shadow mode both are written once the database is no longer locked."""
    with written_by_another(file_in(tmp_path)):
        await write_down(records, FAILED_ON, mode=Mode.SHADOW)
    async with asyncio.timeout(30):
        await ledger.flushed()
    assert (len(await ledger.debts.all_open(limit=10)), len(await entries(ledger))) == (1, 1)
