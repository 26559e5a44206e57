"""The way of one upload, from its bytes to an outcome: cut frames, have them looked at, judge."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from coordinator.body import Body
from coordinator.comparisons import Comparisons
from coordinator.copies import Copies
from coordinator.dispatch.events import Scored
from coordinator.hub import Hub
from coordinator.judge.outcomes import Outcome
from coordinator.judge.policy import Policy, worst
from coordinator.judge.scores import Scores
from coordinator.media.errors import CutTimedOut, MediaError, NoPlace, TooCostly, Unreadable, Unsupported
from coordinator.media.limited import Cutters
from coordinator.media.looks import Cut, Likeness, Look, Views
from coordinator.sharing import InFlight
from shared.messages import Lane

logger = logging.getLogger(__name__)

ANSWER_MARGIN_S = 0.15
"""Kept of the deadline for judging, answering and a busy event loop."""

WORTH_ANOTHER_TRY_S = 0.5

LIST_SHARE = 0.5
"""Of the time that is left to an upload, for a list of what is blocked that has just changed."""

OUTCOME_OF_MEDIA_ERROR: Mapping[type[MediaError], Outcome] = {
    Unreadable: Outcome.UNREADABLE,
    Unsupported: Outcome.UNSUPPORTED,
    TooCostly: Outcome.TOO_COSTLY,
    CutTimedOut: Outcome.TIMED_OUT,
    NoPlace: Outcome.OVERLOADED,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The scores of an upload: a row for each look that was judged, by a model with these weights."""

    looks: tuple[str, ...]
    rows: Sequence[Sequence[float]] = field(repr=False)
    weights: str
    """Their fingerprint."""
    likeness: Likeness | None = None
    """Of the upload, where something is blocked that it could be a copy of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of an upload, and why."""

    outcome: Outcome
    reason: str = ""
    """In words for an admin; nothing of the upload's content."""
    parts: tuple[str, ...] = ()
    """Parts of the policy's rule that were found in the frame that decided."""
    look: str = ""
    """The look that decided."""
    looks: int = 0
    """Frames that were judged."""
    partial: bool = False
    """Fewer looks were judged than the upload has."""
    format: str = ""
    scanner: str = ""
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    """Time by step: frames, queue, push, infer, judge; ledger alone when it was remembered."""
    remembered: bool = False
    """Nobody looked now: it was judged, or decided by an admin, before."""
    evidence: Evidence | None = field(default=None, repr=False)
    """What the verdict was made of; None where no scanner looked now."""
    likeness: Likeness | None = None
    """What the ledger has of what was remembered: of a picture that is blocked, None until copies of it are."""


class Uploads:
    """Look at uploads. The same bytes on their way twice are looked at once."""

    def __init__(
        self,
        *,
        hub: Hub,
        cutters: Cutters,
        policy: Policy,
        views: Views = Views.ALL,
        comparisons: Comparisons | None = None,
        copies: Copies | None = None,
    ) -> None:
        """Take who compares scanners, and whom to ask what is a copy of something that is blocked, if there are any."""
        self._copies = copies
        self._hub = hub
        self._comparisons = comparisons
        self._cutters = cutters
        self._policy = policy
        self._views = views
        self._in_flight: InFlight[tuple[str, Lane], Finding] = InFlight()

    def __repr__(self) -> str:
        return f"<Uploads in_flight={len(self._in_flight)}>"

    async def look_at(
        self, body: Body, *, lane: Lane, deadline_s: float, late: Callable[[Finding], None] | None = None
    ) -> Finding:
        """Find out what an upload is, before `deadline_s` in the time of the running loop. Cancel to abandon it.

        `late` is called with the finding of a scan that had timed out, should its scores still come.
        """
        loop = asyncio.get_running_loop()
        last_s = deadline_s - ANSWER_MARGIN_S
        try:
            async with asyncio.timeout_at(deadline_s - ANSWER_MARGIN_S / 2):
                while True:
                    finding, started = await self._in_flight.join(
                        (body.sha256, lane), lambda: self._examine(body, lane, last_s, late)
                    )
                    # Somebody else's scan ran out of time; there may be enough for this one.
                    ran_out = finding.outcome in {Outcome.OVERLOADED, Outcome.TIMED_OUT}
                    if started or not ran_out or last_s - loop.time() <= WORTH_ANOTHER_TRY_S:
                        return finding
        except TimeoutError:
            return Finding(Outcome.TIMED_OUT, reason="no answer within the upload's deadline")

    async def look_again(self, body: Body, remembered: Finding, *, lane: Lane, deadline_s: float) -> Finding:
        """Return what was remembered of an upload, or that it is a copy of what was blocked since, before `deadline_s`.

        With its likeness, where there is none in the ledger and something is blocked.
        """
        is_worth_it = remembered.outcome is Outcome.CLEAN or (
            remembered.outcome is Outcome.BLOCKED and remembered.likeness is None
        )
        if not (is_worth_it and body.is_whole and await self._wants_likeness(deadline_s)):
            return remembered
        try:
            async with asyncio.timeout_at(deadline_s - ANSWER_MARGIN_S / 2):
                return await self._compare(body, remembered, lane, deadline_s - ANSWER_MARGIN_S)
        except (MediaError, TimeoutError):
            return remembered

    async def _compare(self, body: Body, remembered: Finding, lane: Lane, deadline_s: float) -> Finding:
        likeness = remembered.likeness
        if likeness is None:
            likeness = (await self._cut(body, Views.CENTRE, lane, deadline_s)).likeness
        finding = replace(remembered, likeness=likeness)
        if finding.outcome is Outcome.BLOCKED or (copy := await self._as_copy(likeness)) is None:
            return finding
        return replace(copy, format=finding.format, milliseconds=finding.milliseconds)

    async def _wants_likeness(self, deadline_s: float) -> bool:
        within_s = (deadline_s - asyncio.get_running_loop().time()) * LIST_SHARE
        return self._copies is not None and await self._copies.wanted(within_s=max(0.0, within_s))

    async def _cut(self, body: Body, views: Views, lane: Lane, deadline_s: float) -> Cut:
        return await self._cutters.cut(
            body.chunks,
            size=self._policy.frame_size,
            views=views,
            lane_is_live=lane is Lane.LIVE,
            deadline_s=deadline_s,
            likeness=await self._wants_likeness(deadline_s),
        )

    async def _as_copy(self, likeness: Likeness | None) -> Finding | None:
        copied = None if self._copies is None else await self._copies.match(likeness)
        return None if copied is None else Finding(Outcome.BLOCKED, reason=str(copied))

    async def _examine(
        self, body: Body, lane: Lane, deadline_s: float, late: Callable[[Finding], None] | None
    ) -> Finding:
        began_s = time.perf_counter()
        try:
            cut = await self._cut(body, self._views, lane, deadline_s)
        except MediaError as error:
            frames_ms = (time.perf_counter() - began_s) * 1e3
            return Finding(OUTCOME_OF_MEDIA_ERROR[type(error)], reason=str(error), milliseconds={"frames": frames_ms})
        finally:
            body.release()
        frames_ms = (time.perf_counter() - began_s) * 1e3
        if (copy := await self._as_copy(cut.likeness)) is not None:
            return replace(copy, format=cut.format, milliseconds={"frames": frames_ms})
        # Not the cut itself: a scan that timed out must not hold its frames until scores come.
        judge = partial(self._judge, cut.looks, cut.format, cut.likeness, is_partial=cut.partial)
        take_late = None if late is None else lambda scored: late(judge(scored))
        end = await self._hub.scan(cut.frames, cut.size, lane, deadline_s, late=take_late)
        judging_s = time.perf_counter()
        finding = judge(end.end) if isinstance(end.end, Scored) else Finding(Outcome(end.end.value))
        if self._comparisons is not None and isinstance(end.end, Scored):
            flagged = finding.outcome is Outcome.FLAGGED
            decisive = list(map(str, cut.looks)).index(finding.look)
            self._comparisons.consider(cut.frames, cut.size, end.end, flagged=flagged, decisive=decisive)
        return replace(
            finding,
            format=cut.format,
            milliseconds={
                "frames": frames_ms,
                "queue": end.queue_ms,
                "push": end.push_ms,
                "infer": end.infer_ms,
                "judge": (time.perf_counter() - judging_s) * 1e3,
            },
        )

    def _judge(
        self, looks: Sequence[Look], format: str, likeness: Likeness | None, scored: Scored, *, is_partial: bool
    ) -> Finding:
        scores = scored.scores
        assert isinstance(scores, Scores)
        verdicts = [self._policy.judge(row) for row in scores.rows]
        decisive = worst(verdicts)
        return Finding(
            Outcome.FLAGGED if verdicts[decisive].flagged else Outcome.CLEAN,
            parts=verdicts[decisive].parts,
            look=str(looks[decisive]),
            looks=scored.frames,
            partial=is_partial or scored.frames < len(looks),
            format=format,
            scanner=scored.scanner,
            evidence=Evidence(tuple(map(str, looks[: scored.frames])), scores.rows, scores.weights, likeness),
        )
