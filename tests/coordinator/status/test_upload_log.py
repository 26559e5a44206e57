"""What became of uploads lately."""

from __future__ import annotations

from itertools import pairwise

from coordinator.judge.outcomes import Answer, Outcome
from coordinator.status.timeline import Timeline
from coordinator.status.upload_log import DAY_MINUTES, HOUR_MINUTES, RECENT, UploadLog
from coordinator.status.uploads import UploadsStatus
from shared.messages import Lane
from tests.coordinator.status.situations import NOW, decided

START_S = 6_000.0
"""The beginning of a minute."""


def status(log: UploadLog, now_s: float) -> UploadsStatus:
    """Return what is shown at a time."""
    return log.status(Timeline(now_s, NOW), 0)


def test_upload_log_counts_outcomes_of_hour_and_day() -> None:
    """An upload leaves the hour after an hour and the day after a day; the total stays."""
    log = UploadLog(START_S)
    log.note(decided(START_S, Outcome.FLAGGED))
    log.note(decided(START_S, Outcome.CLEAN))
    seen = []
    for minutes in (0, HOUR_MINUTES - 1, HOUR_MINUTES, DAY_MINUTES - 1, DAY_MINUTES):
        shown = status(log, START_S + 60 * minutes)
        seen.append((shown.hour[Outcome.FLAGGED], shown.day[Outcome.FLAGGED], shown.total))
    assert seen == [(1, 1, 2), (1, 1, 2), (0, 1, 2), (0, 1, 2), (0, 0, 2)]
    assert set(status(log, START_S).hour) == set(Outcome)


def test_upload_log_day_counts_what_came_in_between() -> None:
    """What is kept of finished minutes is worked out again when another has finished."""
    log = UploadLog(START_S)
    for minute in range(10):
        log.note(decided(START_S + 60 * minute))
        log.note(decided(START_S + 60 * minute + 1))
        assert status(log, START_S + 60 * minute + 2).day[Outcome.CLEAN] == 2 * (minute + 1)


def test_upload_log_series_has_no_gaps() -> None:
    """Minutes without uploads are there, at most 60, the current one last."""
    log = UploadLog(START_S)
    log.note(decided(START_S + 5, steps_ms={"total": 10.0}))
    log.note(decided(START_S + 6, Outcome.NO_SCANNER, steps_ms={"total": 30.0}))
    log.note(decided(START_S + 7, Outcome.FLAGGED, steps_ms={"total": 20.0}))
    log.sample(4, START_S + 8)
    log.sample(2, START_S + 9)
    minutes = status(log, START_S + 5 * 60).minutes
    assert [minute.uploads for minute in minutes] == [3, 0, 0, 0, 0, 0]
    first = minutes[0]
    assert (first.unseen, first.rejected, first.p95_ms, first.most_in_flight) == (1, 1, 30.0, 4)
    assert {(later.at - earlier.at).total_seconds() for earlier, later in pairwise(minutes)} == {60}
    assert len(status(log, START_S + 200 * 60).minutes) == HOUR_MINUTES


def test_upload_log_is_bounded_however_long_it_stands_still() -> None:
    """A year without an upload costs no more than a day, and durations are kept for an hour only."""
    log = UploadLog(START_S)
    for minute in range(3 * HOUR_MINUTES):
        log.note(decided(START_S + 60 * minute))
    kept = [len(minute.durations_ms) for minute in log._minutes]
    assert sum(kept) <= HOUR_MINUTES + 1
    shown = status(log, START_S + 365 * 86_400)
    assert len(log._minutes) == DAY_MINUTES
    assert (sum(shown.day.values()), shown.total) == (0, 3 * HOUR_MINUTES)


def test_upload_log_recent_are_the_latest_first() -> None:
    """So many at most, with all that the page shows."""
    log = UploadLog(START_S)
    for number in range(RECENT + 10):
        log.note(decided(START_S + number * 0.001, scan_id=str(number), parts=("explicit",)))
    recent = status(log, START_S + 1).recent
    assert [decision.scan_id for decision in recent] == [str(n) for n in range(RECENT + 9, 9, -1)]
    assert (recent[0].parts, recent[0].kind, recent[0].steps_ms["total"]) == (("explicit",), "png", 50.0)


def test_upload_log_counts_unseen_and_callers() -> None:
    """Unseen ones by their answer; callers by their names; what was remembered, left or wrong in itself."""
    log = UploadLog(START_S)
    log.note(decided(START_S, Outcome.NO_SCANNER))
    log.note(decided(START_S + 60, Outcome.TIMED_OUT, answer=Answer.REJECT, caller="other"))
    log.note(decided(START_S + 120, Outcome.CLEAN, remembered=True))
    log.note_abandoned()
    log.note_refused()
    assert (log.accepted_unseen, log.answered_unseen, log.remembered, log.abandoned, log.refused) == (1, 2, 1, 1, 1)
    assert log.unseen_lately(START_S + 120) == 2
    assert log.unseen_lately(START_S + 5 * 60) == 1
    assert log.unseen_lately(START_S + 6 * 60) == 0
    counts = {name: (count.uploads, count.rejected) for name, count in log.callers.items()}
    assert counts == {"lemmy": (2, 0), "other": (1, 1)}
    assert log.answers[Outcome.TIMED_OUT, Answer.REJECT] == 1


def test_upload_log_counts_what_is_owed_as_accepted_unseen() -> None:
    """Accepted though scanners failed on it, an upload is owed a look; more scanners would have been of no use."""
    log = UploadLog(START_S)
    log.note(decided(START_S, Outcome.SCANNER_FAULT))
    log.note(decided(START_S, Outcome.SCANNER_FAULT, answer=Answer.ACCEPT))
    assert (log.accepted_unseen, log.answered_unseen, log.unseen_lately(START_S)) == (1, 0, 0)


def test_upload_log_leaves_sweeps_out() -> None:
    """What a sweep asks about is no upload: it counts for its caller only, and what it found is among the decisions."""
    log = UploadLog(START_S)
    for outcome in (Outcome.CLEAN, Outcome.NO_SCANNER, Outcome.FLAGGED):
        log.note(decided(START_S, outcome, lane=Lane.SWEEP, caller="sweep"))
    shown = status(log, START_S)
    assert (shown.total, shown.hour[Outcome.CLEAN], log.unseen_lately(START_S)) == (0, 0, 0)
    assert [decision.outcome for decision in shown.recent] == [Outcome.FLAGGED]
    assert (log.callers["sweep"].uploads, log.callers["sweep"].rejected) == (3, 1)
