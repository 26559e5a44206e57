"""All that is known of one picture."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.ledger import Ledger
from tests.coordinator.ledger.making import FLAGGED, START, debt, file_in, judged, sha, soon


async def test_summary_of_a_known_picture(tmp_path: Path) -> None:
    """Decision, verdict, debt and log of a picture stand beside each other, as plain JSON."""
    async with Ledger(file_in(tmp_path)) as ledger:
        ledger.remember(judged(1, FLAGGED))
        await ledger.debts.owe(debt(1), deadline_s=soon())
        await ledger.flushed()
        await ledger.decisions.decide(Decided(sha(1), Decision.ALLOW, "ann", START, "a tree"))
        summary = await ledger.summary(sha(1))
    json.dumps(asdict(summary))
    assert summary.decision is not None
    assert (summary.decision["decision"], summary.decision["note"]) == ("allow", "a tree")
    (verdict,) = summary.verdicts
    assert (verdict["verdict"], verdict["parts"], verdict["scanner"]) == ("flagged", ["light", "big"], "den")
    assert verdict["scores kept"] is True
    assert (len(summary.debts), len(summary.log)) == (1, 1)
    assert not summary.is_empty


async def test_summary_of_an_unknown_picture(tmp_path: Path) -> None:
    """Of a picture that never came nothing is known."""
    async with Ledger(file_in(tmp_path)) as ledger:
        assert (await ledger.summary(sha(1))).is_empty
