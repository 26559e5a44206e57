"""The one place that knows the state of the whole: it watches once a second, and makes snapshots."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coordinator import __version__
from coordinator.credentials import Caller, Credentials
from coordinator.hub import Hub
from coordinator.intake import Intake
from coordinator.judge.outcomes import Outcome, OutcomeTable
from coordinator.judge.policy import Policy
from coordinator.ledger.debts import DebtCounts, Debts
from coordinator.ledger.errors import LedgerError
from coordinator.ledger.times import Clock, now
from coordinator.status.collectors import Collectors
from coordinator.status.debts import DebtStatus
from coordinator.status.problems import problems_of
from coordinator.status.record import Record
from coordinator.status.roster import FORGET_AFTER_S
from coordinator.status.roster_file import RosterFile
from coordinator.status.rows import Sight, row_of, states_by_name, takes_uploads
from coordinator.status.scanner import Pause, ScannerEvent, ScannerStatus
from coordinator.status.sentence import Checking, checking_of, sentence_of
from coordinator.status.snapshot import CallerStatus, LaneStatus, OutcomeRow, PolicyStatus, Snapshot
from coordinator.status.timeline import Timeline
from coordinator.trust.record import Aside

logger = logging.getLogger(__name__)

WATCH_S = 1.0
DEBTS_EVERY_S = 5.0
WRITE_EVERY_S = 300.0
"""Counts of results are written down so often; that a scanner came or left, at once."""


@dataclass(frozen=True)
class Judging:
    """By what uploads are judged and answered, for showing it."""

    policy: Policy
    outcomes: OutcomeTable
    strictness: str = ""


class Board:
    """Make snapshots from the collectors and from the parts themselves."""

    def __init__(
        self,
        collectors: Collectors,
        *,
        hub: Hub,
        intake: Intake,
        credentials: Credentials,
        judging: Judging,
        debts: Debts,
        roster_file: Path,
        debt_fault: Callable[[], str] | None = None,
        clock: Clock = now,
    ) -> None:
        """Take the parts; `debt_fault` says why debts cannot be paid now, None where no pict-rs is named."""
        self.collectors = collectors
        self.pause_of: Callable[[str], Pause | None] = _no_pause
        """Who keeps the pauses that admins order sets this."""
        self.disagreements_of: Callable[[str], int] = _no_disagreements
        """Who compares scanners with each other sets this."""
        self.aside_of: Callable[[str, float], Aside | None] = _no_aside
        """And this: whose scores are not believed at a time of the loop."""
        self._hub = hub
        self._intake = intake
        self._credentials = credentials
        self._judging = judging
        self._debts = debts
        self._debt_fault = debt_fault
        self._roster_file = roster_file
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._started_s = self._loop.time()
        self._counts = DebtCounts(0, None)
        self._checking = Checking.CHECKED
        self._since_s = self._started_s
        self._count_at_change = 0
        self._written = 0
        for record in RosterFile.read(roster_file).records(self.timeline):
            self.collectors.roster.restore(record)
        self._checking = self._check()

    @property
    def timeline(self) -> Timeline:
        """This moment by both clocks."""
        return Timeline(self._loop.time(), self._clock())

    @property
    def checking(self) -> Checking:
        """What happens to an upload that comes now, looked at now."""
        current = self._check()
        if current is not self._checking:
            self._checking = current
            self._since_s = self._loop.time()
            self._count_at_change = self.collectors.uploads.answered_unseen
        return current

    async def run(self) -> None:
        """Watch until cancelled; then write down what is known of scanners."""
        debts_due_s = write_due_s = 0.0
        try:
            while True:
                now_s = self._loop.time()
                self.collectors.uploads.sample(self._intake.open_live, now_s)
                self.collectors.roster.forget_old(now_s)
                _ = self.checking
                if now_s >= debts_due_s:
                    await self.count_debts()
                    debts_due_s = now_s + DEBTS_EVERY_S
                if now_s >= write_due_s or self.collectors.roster.changes != self._written:
                    await self._write()
                    write_due_s = now_s + WRITE_EVERY_S
                await asyncio.sleep(WATCH_S)
        finally:
            self._write_now()

    async def count_debts(self) -> None:
        """Ask the ledger how many debts are open; what it said before stands while it cannot be asked."""
        try:
            self._counts = await self._debts.debt_counts()
        except LedgerError as error:
            logger.warning("debts cannot be counted: %s", error)

    def snapshot(self) -> Snapshot:
        """Return the state of this moment."""
        timeline = self.timeline
        checking = self.checking
        scanners = tuple(self._rows(timeline))
        refused = self.collectors.refusals.status(timeline)
        log, judging = self.collectors.uploads, self._judging
        is_checked = checking is Checking.CHECKED
        unseen = log.unseen_lately(timeline.now_s) if is_checked else log.answered_unseen - self._count_at_change
        sentence = sentence_of(
            checking,
            since=timeline.at(self._since_s),
            count=unseen,
            mode=judging.outcomes.mode,
            scanners=scanners,
            refused=refused,
        )
        debts = self._debt_status()
        policy = judging.policy
        return Snapshot(
            at=timeline.now,
            version=__version__,
            started=timeline.at(self._started_s),
            sentence=sentence,
            problems=tuple(problems_of(sentence, scanners, debts)),
            scanners=scanners,
            refused=refused,
            uploads=log.status(timeline, self._intake.open_live),
            lanes=tuple(self._lanes(timeline.now_s)),
            debts=debts,
            policy=PolicyStatus(
                name=policy.name,
                fingerprint=policy.fingerprint,
                model=policy.model,
                strictness=judging.strictness,
                mode=judging.outcomes.mode,
                outcomes=tuple(OutcomeRow(outcome, judging.outcomes.answers[outcome]) for outcome in Outcome),
            ),
            callers=tuple(self._caller(caller, timeline) for caller in self._credentials.latest.callers),
            refused_requests=log.refused,
        )

    def events_of(self, scanner: str) -> tuple[ScannerEvent, ...]:
        """Return what happened to a scanner since the start, the latest first."""
        return self.collectors.roster.events(scanner, self.timeline)

    def _debt_status(self) -> DebtStatus:
        fault = self._debt_fault() if self._debt_fault else ""
        return DebtStatus(self._counts.open, self._counts.oldest, self._debt_fault is not None, fault.rstrip("."))

    def _check(self) -> Checking:
        now_s, roster = self._loop.time(), self.collectors.roster
        is_checked = self._intake.is_open and any(
            takes_uploads(roster.record(state.scanner) or Record(state.scanner), state, now_s)
            for state in self._hub.machine.scanners.values()
        )
        return checking_of(is_checked=is_checked, answer=self._judging.outcomes.rule(Outcome.NO_SCANNER).answer)

    def _rows(self, timeline: Timeline) -> Iterator[ScannerStatus]:
        machine, roster = self._hub.machine, self.collectors.roster
        created = {token.name: token.created for token in self._credentials.latest.scanners}
        states = states_by_name(machine.scanners)
        # Nothing is known of a token's scanner: it never came, or was forgotten, and then it is not shown again.
        is_new = not len(roster)
        fresh = {n for n, at in created.items() if is_new or (timeline.now - at).total_seconds() < FORGET_AFTER_S}
        for name in sorted(fresh | {record.name for record in roster.records}):
            yield row_of(
                Sight(
                    name,
                    created.get(name),
                    record=roster.record(name),
                    state=states.get(name),
                    faults=machine.faults.record(name),
                    pause=self.pause_of(name),
                    refusal=self.collectors.refusals.last_of(name),
                    disagreements=self.disagreements_of(name),
                    aside=self.aside_of(name, timeline.now_s),
                ),
                self._judging.policy.model,
                timeline,
            )

    def _lanes(self, now_s: float) -> Iterator[LaneStatus]:
        for lane, queue in self._hub.machine.queues.items():
            oldest_s = now_s - min((scan.submitted_s for scan in queue), default=now_s)
            yield LaneStatus(lane, len(queue), queue.frames, round(oldest_s, 3))

    def _caller(self, caller: Caller, timeline: Timeline) -> CallerStatus:
        count = self.collectors.uploads.callers.get(caller.name)
        return CallerStatus(
            name=caller.name,
            networks=tuple(map(str, caller.networks)),
            may_sweep=caller.may_sweep,
            created=caller.created,
            uploads=count.uploads if count else 0,
            rejected=count.rejected if count else 0,
            last=timeline.at(count.last_s) if count else None,
        )

    async def _write(self) -> None:
        self._written = self.collectors.roster.changes
        await asyncio.to_thread(self._write_file, RosterFile.of(self.collectors.roster.records, self.timeline))

    def _write_now(self) -> None:
        self._write_file(RosterFile.of(self.collectors.roster.records, self.timeline))

    def _write_file(self, file: RosterFile) -> None:
        try:
            file.write(self._roster_file)
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._roster_file, error.strerror)


def _no_pause(name: str) -> Pause | None:
    return None


def _no_disagreements(name: str) -> int:
    return 0


def _no_aside(name: str, now_s: float) -> Aside | None:
    return None
