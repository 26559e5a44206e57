"""What became of uploads lately: counted in memory, bounded, without a lock and without a disk."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from coordinator.judge.outcomes import JUDGED_BAD, OWED, UNSEEN, Answer, Outcome
from coordinator.status.histogram import Histogram
from coordinator.status.percentiles import percentile
from coordinator.status.timeline import Timeline
from coordinator.status.uploads import Decided, Decision, MinuteStatus, UploadsStatus
from shared.messages import Lane

MINUTE_S = 60
HOUR_MINUTES, DAY_MINUTES = 60, 24 * 60

RECENT = 200
"""Decisions kept."""

SAMPLES = 256
"""Durations kept of one minute, the last ones."""

LATELY_MINUTES = 5


@dataclass(slots=True)
class _Minute:
    number: int
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    unseen: int = 0
    rejected: int = 0
    most_in_flight: int = 0
    durations_ms: deque[float] = field(default_factory=lambda: deque(maxlen=SAMPLES))


@dataclass(slots=True)
class CallerCount:
    """What one caller sent since the start."""

    uploads: int = 0
    rejected: int = 0
    last_s: float = 0.0


class UploadLog:
    """Take note of every answer. Times are monotonic seconds, and never go back."""

    def __init__(self, now_s: float) -> None:
        self.total = 0
        self.accepted_unseen = 0
        self.answered_unseen = 0
        self.abandoned = 0
        self.refused = 0
        self.remembered = 0
        self.bytes = 0
        self.answers: Counter[tuple[Outcome, Answer]] = Counter()
        self.steps: dict[str, Histogram] = {}
        self.callers: dict[str, CallerCount] = {}
        self._recent: deque[Decided] = deque(maxlen=RECENT)
        self._minutes: deque[_Minute] = deque([_Minute(int(now_s // MINUTE_S))], maxlen=DAY_MINUTES)
        self._day: Counter[Outcome] = Counter()
        self._day_of = self._minutes[-1].number

    def note(self, decided: Decided) -> None:
        """Count an upload that was answered. A sweep's counts for its caller only: nobody waits for it."""
        is_rejected = decided.answer is Answer.REJECT
        caller = self.callers.get(decided.caller)
        if caller is None:
            caller = self.callers[decided.caller] = CallerCount()
        caller.uploads += 1
        caller.rejected += is_rejected
        caller.last_s = decided.at_s
        if decided.lane is Lane.LIVE:
            self._note_live(decided, is_rejected=is_rejected)
        if decided.lane is Lane.LIVE or decided.outcome in JUDGED_BAD:
            self._recent.append(decided)

    def _note_live(self, decided: Decided, *, is_rejected: bool) -> None:
        minute = self._minute(decided.at_s)
        outcome = decided.outcome
        self.total += 1
        self.bytes += decided.size_bytes
        self.answers[outcome, decided.answer] += 1
        minute.outcomes[outcome] += 1
        minute.durations_ms.append(decided.steps_ms["total"])
        minute.rejected += is_rejected
        if decided.remembered:
            self.remembered += 1
        if outcome in UNSEEN:
            minute.unseen += 1
            self.answered_unseen += 1
        if outcome in OWED:
            self.accepted_unseen += not is_rejected
        for step, milliseconds in decided.steps_ms.items():
            histogram = self.steps.get(step)
            if histogram is None:
                histogram = self.steps[step] = Histogram()
            histogram.add(milliseconds)

    def note_abandoned(self) -> None:
        """Count a caller that left before the answer."""
        self.abandoned += 1

    def note_refused(self) -> None:
        """Count a request that was wrong in itself."""
        self.refused += 1

    def sample(self, in_flight: int, now_s: float) -> None:
        """Take note of how many uploads are on their way; called about once a second."""
        minute = self._minute(now_s)
        minute.most_in_flight = max(minute.most_in_flight, in_flight)

    def unseen_lately(self, now_s: float) -> int:
        """Return how many uploads were answered unseen in the last five minutes."""
        self._minute(now_s)
        return sum(minute.unseen for minute in list(self._minutes)[-LATELY_MINUTES:])

    def status(self, timeline: Timeline, in_flight: int) -> UploadsStatus:
        """Return what is shown."""
        current = self._minute(timeline.now_s)
        minutes = list(self._minutes)[-HOUR_MINUTES:]
        hour: Counter[Outcome] = Counter()
        for minute in minutes:
            hour.update(minute.outcomes)
        if self._day_of != current.number:
            self._day = Counter()
            for minute in list(self._minutes)[:-1]:
                self._day.update(minute.outcomes)
            self._day_of = current.number
        day = self._day + current.outcomes
        return UploadsStatus(
            total=self.total,
            hour={outcome: hour[outcome] for outcome in Outcome},
            day={outcome: day[outcome] for outcome in Outcome},
            abandoned=self.abandoned,
            accepted_unseen=self.accepted_unseen,
            in_flight=in_flight,
            minutes=tuple(_minute_status(minute, timeline) for minute in minutes),
            recent=tuple(_decision(decided, timeline) for decided in reversed(self._recent)),
        )

    def _minute(self, at_s: float) -> _Minute:
        """Return the current minute, after filling the gap since the last one."""
        number = int(at_s // MINUTE_S)
        last = self._minutes[-1]
        if number <= last.number:
            return last
        for missing in range(max(last.number + 1, number - DAY_MINUTES + 1), number + 1):
            self._minutes.append(_Minute(missing))
        for old in range(max(len(self._minutes) - HOUR_MINUTES - (number - last.number), 0), len(self._minutes)):
            if self._minutes[old].number > number - HOUR_MINUTES:
                break
            self._minutes[old].durations_ms.clear()
        return self._minutes[-1]


def _minute_status(minute: _Minute, timeline: Timeline) -> MinuteStatus:
    return MinuteStatus(
        at=timeline.at(minute.number * MINUTE_S),
        uploads=minute.outcomes.total(),
        unseen=minute.unseen,
        rejected=minute.rejected,
        p95_ms=round(percentile(sorted(minute.durations_ms), 0.95), 1),
        most_in_flight=minute.most_in_flight,
    )


def _decision(decided: Decided, timeline: Timeline) -> Decision:
    return Decision(
        at=timeline.at(decided.at_s),
        scan_id=decided.scan_id,
        sha256=decided.sha256,
        kind=decided.kind,
        size_bytes=decided.size_bytes,
        outcome=decided.outcome,
        answer=decided.answer,
        would_be=decided.would_be,
        parts=decided.parts,
        scanner=decided.scanner,
        remembered=decided.remembered,
        caller=decided.caller,
        lane=decided.lane,
        steps_ms=decided.steps_ms,
    )
