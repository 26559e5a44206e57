"""The later look at one picture: find it in pict-rs, fetch it, have it looked at, and remove it when it is flagged."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import Any

from coordinator.body import Body, BodyMemory, read_body
from coordinator.judge.outcomes import JUDGED_BAD, Outcome
from coordinator.later.give_way import GiveWay
from coordinator.later.places import places
from coordinator.later.plan import (
    OWED_ANEW,
    PURGING,
    Cause,
    How,
    Plan,
    Postpone,
    Purge,
    Settle,
    Step,
    cause_of,
    tries_of,
)
from coordinator.ledger.audit import Audit, Entry, What
from coordinator.ledger.debts import Debts, OpenDebt
from coordinator.ledger.times import Clock, now
from coordinator.pictrs.client import PictRs, Stored
from coordinator.pictrs.content import Content
from coordinator.pictrs.errors import CannotPurgeError, FaultError, NotServedError, UnreachableError
from coordinator.records import Records
from coordinator.uploads import Finding, Uploads
from shared.messages import Lane

logger = logging.getLogger(__name__)

FETCH_S = 60.0
"""For one file, from the question for it to its last byte."""

LOOK_S = 60.0
"""Nobody waits for it, and live uploads go first."""

WHO = "later look"

SHOWN_PLACES = 20
"""Places that a log line names; the audit has all."""

NOT_LOOKED_AT = frozenset({Outcome.UNREADABLE, Outcome.UNSUPPORTED, Outcome.TOO_COSTLY, Outcome.TOO_LARGE})


class Look:
    """Look at one picture after the other."""

    def __init__(
        self,
        *,
        debts: Debts,
        audit: Audit,
        records: Records,
        pictrs: PictRs,
        uploads: Uploads,
        plan: Plan,
        body_limit_bytes: int,
        give_way: GiveWay,
        clock: Clock = now,
    ) -> None:
        self._debts = debts
        self._audit = audit
        self._records = records
        self._pictrs = pictrs
        self._uploads = uploads
        self._plan = plan
        self._body_limit_bytes = body_limit_bytes
        # Of its own, so that live uploads never lack what this one holds.
        self._memory = BodyMemory(body_limit_bytes)
        self._give_way = give_way
        self._clock = clock

    async def settle(self, owed: OpenDebt) -> Step:
        """Do what can be done about a debt now, write that down, and return it.

        OWED_ANEW when the picture was accepted unseen again since the debt was read: nothing is written then.

        Raises UnreachableError, WrongKeyError and StrangerError when pict-rs cannot be worked with at all, and
        LedgerError; the debt is then as it was.
        """
        step = await self._settle(owed)
        await self._give_way.step()
        if not await self._write_down(owed, step):
            step = OWED_ANEW
        logger.debug("later look sha256=%s %s", owed.debt.sha256, step)
        return step

    async def _write_down(self, owed: OpenDebt, step: Step) -> bool:
        """Say whether that was still possible."""
        if isinstance(step, Postpone):
            until = self._clock() + timedelta(seconds=step.pause_s)
            tries = tries_of(cause_of(step.reason), owed.tries, owed.reason) + 1
            return await self._debts.postpone(owed.id, until=until, tries=tries, reason=step.reason)
        if isinstance(step, Settle):
            return await self._debts.settle_debt(owed.id, step.how, at=self._clock())
        return True

    async def _settle(self, owed: OpenDebt) -> Step:
        try:
            return await self._search(owed)
        except (UnreachableError, FaultError) as error:
            await self._only_this_one()
            return self._plan.after_fault(owed.tries, owed.reason, str(error), is_served=True)
        except NotServedError as error:
            return self._plan.after_fault(owed.tries, owed.reason, str(error), is_served=False)

    async def _search(self, owed: OpenDebt) -> Step:
        content = Content(owed.debt.sha256, owed.debt.size_bytes, owed.debt.media_type)
        body = Body(self._memory, sha256=content.sha256, size_bytes=content.size_bytes)
        # The same bytes may have come again meanwhile, or an admin may have decided about them.
        finding = await self._records.recall(body, recording=False)
        if finding is not None and finding.outcome not in JUDGED_BAD:
            return self._plan.after_look(finding.outcome, owed.tries, owed.reason)
        found = await self._pictrs.find(content, all_formats=self._plan.looks_everywhere(owed.tries, owed.reason))
        if not found:
            return await self._after_search(owed)
        stored = next((stored for stored in found if stored.aliases), found[0])
        await self._give_way.step()
        if finding is None:
            finding, bucket_url = await self._look_at(stored, content.size_bytes)
        else:
            bucket_url = await self._bucket_url(stored)
        finding = await self._records.overruled(content.sha256, finding)
        step = self._plan.after_look(finding.outcome, owed.tries, owed.reason, partial=finding.partial)
        if finding.outcome in JUDGED_BAD:
            await self._tell(owed, found, finding, bucket_url)
        elif finding.outcome in NOT_LOOKED_AT:
            logger.warning("sha256=%s cannot be looked at: %s, %s", content.sha256, finding.outcome, finding.reason)
        return await self._purge(owed, found, bucket_url) if isinstance(step, Purge) else step

    async def _after_search(self, owed: OpenDebt) -> Step:
        step = self._plan.after_search(owed.tries, owed.reason)
        if step == Settle(How.PURGED):
            await self._write(What.PURGE, owed, {"state": "gone"})
        return step

    async def _look_at(self, stored: Stored, size_bytes: int) -> tuple[Finding, str]:
        if size_bytes > self._body_limit_bytes:
            return Finding(Outcome.TOO_LARGE, reason=f"more than {self._body_limit_bytes} bytes"), ""
        body = Body(self._memory)
        try:
            bucket_url = await self._fetch(stored, body)
            await self._give_way.step()
            deadline_s = asyncio.get_running_loop().time() + LOOK_S
            late = partial(self._records.keep, body)
            finding = await self._uploads.look_at(body, lane=Lane.SWEEP, deadline_s=deadline_s, late=late)
        finally:
            body.release()
        self._records.keep(body, finding)
        return finding, bucket_url

    async def _bucket_url(self, stored: Stored) -> str:
        """Return where pict-rs redirects to, without reading the file."""
        try:
            async with asyncio.timeout(FETCH_S), self._pictrs.original(stored) as original:
                return original.redirected_to
        except (TimeoutError, NotServedError, UnreachableError):
            # The bucket may be throttled: what is flagged is removed all the same.
            return ""

    async def _fetch(self, stored: Stored, body: Body) -> str:
        """Read a file into `body`; return where pict-rs redirected to, empty when it did not."""
        try:
            async with asyncio.timeout(FETCH_S), self._pictrs.original(stored) as original:
                await read_body(original.chunks, body, limit_bytes=self._body_limit_bytes)
        except TimeoutError:
            raise NotServedError(f"it is not there within {FETCH_S:g} s") from None
        except UnreachableError as error:
            await self._only_this_one()
            raise NotServedError(error.reason) from error
        if body.sha256 != stored.key.sha256:
            raise NotServedError("its bytes are others")
        return original.redirected_to

    async def _tell(self, owed: OpenDebt, found: tuple[Stored, ...], finding: Finding, bucket_url: str) -> None:
        """Say what was found and where it stands, before anything is done about it."""
        aliases = [alias for stored in found for alias in stored.aliases]
        everywhere = places(aliases, bucket_url)
        logger.warning(
            "accepted unseen and %s later: sha256=%s parts=%s reason=%s scanner=%s aliases=%d; caches may serve it: %s",
            finding.outcome,
            owed.debt.sha256,
            ",".join(finding.parts) or "-",
            repr(finding.reason) if finding.reason else "-",
            finding.scanner or "-",
            len(aliases),
            " ".join(everywhere[:SHOWN_PLACES]),
        )
        details = {
            "outcome": finding.outcome,
            "reason": finding.reason,
            "parts": finding.parts,
            "look": finding.look,
            "scanner": finding.scanner,
            "places": everywhere,
        }
        await self._write(What.LATER_LOOK, owed, details)

    async def _purge(self, owed: OpenDebt, found: tuple[Stored, ...], bucket_url: str) -> Step:
        sha256 = owed.debt.sha256
        tries = tries_of(Cause.PURGE, owed.tries, owed.reason)
        if not await self._debts.postpone(owed.id, until=owed.due, tries=tries, reason=PURGING):
            return OWED_ANEW
        aliases: list[str] = []
        try:
            for stored in found:
                aliases += await self._pictrs.purge(stored)
        except (CannotPurgeError, FaultError, UnreachableError) as error:
            logger.error("sha256=%s stays: %s", sha256, error)
            await self._write(What.PURGE, owed, {"state": "failed", "reason": str(error)})
            return self._plan.after_purge_failed(owed.tries, owed.reason, str(error))
        logger.warning("purged sha256=%s aliases=%s", sha256, ",".join(aliases))
        await self._write(What.PURGE, owed, {"state": "gone", "aliases": aliases})
        if bucket_url and not await self._pictrs.vanishes(bucket_url):
            logger.error("sha256=%s: pict-rs has purged it, and its bucket still serves it: %s", sha256, bucket_url)
            await self._write(What.PURGE, owed, {"state": "still served", "places": [bucket_url]})
        return Settle(How.PURGED)

    async def _only_this_one(self) -> None:
        """Return when pict-rs is well: a file that it always fails on must not stand in the way of all others."""
        await self._pictrs.check()

    async def _write(self, what: What, owed: OpenDebt, details: dict[str, Any]) -> None:
        await self._audit.add(Entry(what, self._clock(), WHO, owed.debt.sha256, details))
