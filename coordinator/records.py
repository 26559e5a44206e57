"""Between uploads and the ledger: answer what is known, remember what was found, write down what must not be lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from coordinator.body import Body
from coordinator.judge.margins import Margins
from coordinator.judge.outcomes import JUDGED_BAD, OWED, Answer, Mode, Outcome, Ruling
from coordinator.judge.policy import Policy, worst
from coordinator.ledger.audit import Entry, What
from coordinator.ledger.debts import Debt
from coordinator.ledger.decision import Decision
from coordinator.ledger.errors import LedgerError
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.lookup import Known
from coordinator.ledger.times import Clock, now
from coordinator.ledger.verdicts import Judged, StoredScores, Verdict
from coordinator.ledger.way import Way
from coordinator.media.cutter_version import CUTTER_VERSION
from coordinator.media.looks import Likeness, Views
from coordinator.uploads import Finding
from shared.messages import Lane

logger = logging.getLogger(__name__)

COMMIT_S = 1.0
"""Longest that an answer waits for the disk: when the database is locked, people still get theirs."""

LEAST_COMMIT_S = 0.1
"""Time for the disk also when the deadline is there, or passed while the process stood still: what is late anyway must
not be forgotten as well."""

MAX_MEDIA_TYPE_CHARACTERS = 100


class Records:
    """What the ledger knows and gets of uploads. One instance serves all of them."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        policy: Policy,
        views: Views,
        weights: Callable[[], str],
        last_weights: str = "",
        clock: Clock = now,
    ) -> None:
        """Take where the fingerprint of the weights is known from; before the first scanner, `last_weights` holds."""
        self._ledger = ledger
        self._policy = policy
        self._views = views
        self._weights = weights
        self._last_weights = last_weights
        self._clock = clock
        self._ways: dict[str, Way] = {}

    async def recall(self, body: Body, *, recording: bool = True) -> Finding | None:
        """Answer an upload that was decided or judged before; None for one that must be looked at."""
        began_s = time.perf_counter()
        way = self._way(self._weights() or self._last_weights)
        known = await self._ledger.look_up(body.sha256, way)
        if known is None:
            return None
        took_ms = {"ledger": (time.perf_counter() - began_s) * 1e3}
        if known.decision is not None:
            return _decided(known, took_ms)
        assert known.verdict is not None
        verdict = known.verdict if known.scores is None else self._judged_again(known.verdict, known.scores)
        if recording and known.scores is None:
            self._ledger.note_seen(body.sha256, way)
        elif recording:
            self._ledger.remember(Judged(body.sha256, body.size_bytes, way, verdict, self._clock()))
        return _remembered(verdict, known.likeness, took_ms)

    async def overruled(self, sha256: str, finding: Finding) -> Finding:
        """Return a finding, or that the picture is allowed: before something is removed by it, when nobody waits.

        Unlike `recall` it does not take silence for ignorance. Raises LedgerError.
        """
        if finding.outcome not in JUDGED_BAD:
            return finding
        decided = await self._ledger.decisions.of(sha256)
        if decided is None or decided.decision is not Decision.ALLOW:
            return finding
        return _decided(Known(decided.decision, decided.source), {})

    async def margins(self, body: Body, finding: Finding | None = None) -> Margins | None:
        """Say how far an upload is from being flagged, by what was just found or by stored scores; None without any."""
        if finding is not None and finding.evidence is not None:
            return self._policy.margins(finding.evidence.rows)
        stored = await self._ledger.scores(body.sha256, self._way(self._weights() or self._last_weights))
        return None if stored is None else self._policy.margins(stored.rows)

    def keep(self, body: Body, finding: Finding) -> None:
        """Remember a finding that is a verdict: of a picture that was judged, and in all its looks."""
        evidence = finding.evidence
        if evidence is None or finding.partial:
            return
        verdict = Verdict(
            flagged=finding.outcome is Outcome.FLAGGED,
            parts=finding.parts,
            look=finding.look,
            looks=finding.looks,
            format=finding.format,
            scanner=finding.scanner,
        )
        way = self._way(evidence.weights)
        names, rows = evidence.looks, tuple(evidence.rows)
        judged = Judged(body.sha256, body.size_bytes, way, verdict, self._clock(), names, rows, evidence.likeness)
        self._ledger.remember(judged)

    def keep_likeness(self, body: Body, before: Finding, after: Finding) -> None:
        """Keep the likeness that a second look at what was remembered gave, and the ledger does not have.

        Of a picture that is blocked: have its copies blocked as well. A rejection that is written down after this is
        written with it.
        """
        if after.likeness is None or before.likeness is not None:
            return
        if after.outcome is Outcome.BLOCKED:
            self._ledger.spread_likeness(body.sha256, after.likeness)
        else:
            self._ledger.remember_likeness(body.sha256, after.likeness)

    async def write_down(
        self,
        body: Body,
        finding: Finding,
        ruling: Ruling,
        *,
        who: str,
        media_type: str,
        scan_id: str,
        mode: Mode,
        deadline_s: float,
        lane: Lane = Lane.LIVE,
    ) -> None:
        """Put on the disk what must be there before the answer leaves: a debt, a rejection, or what would be one.

        A sweep looks again by itself at what nobody looked at, so that it owes nothing; and what it could not look at
        was not refused to anybody.

        `deadline_s` is in the time of the running loop. When the database cannot be used the answer leaves all the
        same; what was to be written waits in memory, and is written as soon as it can be.
        """
        if lane is Lane.SWEEP and finding.outcome not in JUDGED_BAD:
            return
        now_s = asyncio.get_running_loop().time()
        deadline_s = max(min(deadline_s, now_s + COMMIT_S), now_s + LEAST_COMMIT_S)
        # In shadow mode it may be both.
        if finding.outcome in OWED and ruling.answer is Answer.ACCEPT:
            media_type = media_type[:MAX_MEDIA_TYPE_CHARACTERS]
            debt = Debt(body.sha256, body.size_bytes, media_type, finding.outcome, self._clock())
            await _in_time(self._ledger.debts.owe(debt, deadline_s=deadline_s), scan_id)
        if ruling.would_be is Answer.REJECT:
            details = {
                "scan_id": scan_id,
                "outcome": finding.outcome,
                "reason": finding.reason,
                "mode": mode,
                "bytes": body.size_bytes,
                "parts": finding.parts,
                "look": finding.look,
                "scanner": finding.scanner,
                "remembered": finding.remembered,
            }
            entry = Entry(What.REJECTION, self._clock(), who, body.sha256, details)
            await _in_time(self._ledger.record(entry, deadline_s=deadline_s), scan_id)

    def _way(self, weights: str) -> Way:
        way = self._ways.get(weights)
        if way is None:
            way = self._ways[weights] = Way(
                views=self._views,
                cutter_version=CUTTER_VERSION,
                frame_size=self._policy.frame_size,
                model=self._policy.model,
                weights_fingerprint=weights,
                policy_fingerprint=self._policy.fingerprint,
                terms=self._policy.terms,
            )
        return way

    def _judged_again(self, old: Verdict, scores: StoredScores) -> Verdict:
        verdicts = [self._policy.judge(row) for row in scores.rows]
        decisive = worst(verdicts)
        new = verdicts[decisive]
        return Verdict(new.flagged, new.parts, scores.looks[decisive], old.looks, old.format, old.scanner)


async def _in_time(written: Awaitable[None], scan_id: str) -> None:
    try:
        await written
    except LedgerError as error:
        logger.warning("upload %s is answered before it is written down: %s", scan_id, error)


def _decided(known: Known, took_ms: dict[str, float]) -> Finding:
    outcome = Outcome.ALLOWED if known.decision is Decision.ALLOW else Outcome.BLOCKED
    by = f"the list {known.source}" if known.source else "an admin"
    likeness = known.likeness if known.is_spread else None
    return Finding(outcome, reason=f"{outcome} by {by}", remembered=True, milliseconds=took_ms, likeness=likeness)


def _remembered(verdict: Verdict, likeness: Likeness | None, took_ms: dict[str, float]) -> Finding:
    return Finding(
        Outcome.FLAGGED if verdict.flagged else Outcome.CLEAN,
        reason="judged before",
        parts=verdict.parts,
        look=verdict.look,
        looks=verdict.looks,
        format=verdict.format,
        scanner=verdict.scanner,
        remembered=True,
        milliseconds=took_ms,
        likeness=likeness,
    )
