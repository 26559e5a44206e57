"""The scanners that are or were there, and what they did. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Iterable

from coordinator.status.record import Record, ResultTimes
from coordinator.status.scanner import ScannerEvent
from coordinator.status.timeline import Timeline
from shared.messages import Hello, Load, Result

FORGET_AFTER_S = 14 * 86_400.0
"""A scanner that was away for so long is no longer shown; its token stays in force."""


class Roster:
    """Told by the connections of scanners; everything costs a few dictionary steps."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self.changes = 0
        """Counts up when a scanner came, left or was forgotten: then it is worth writing down."""

    def __len__(self) -> int:
        return len(self._records)

    @property
    def records(self) -> Iterable[Record]:
        """All that is remembered, in no order."""
        return self._records.values()

    def record(self, name: str) -> Record | None:
        """Return what is remembered of a scanner."""
        return self._records.get(name)

    def restore(self, record: Record) -> None:
        """Remember a scanner as it was known before the last stop."""
        self._records.setdefault(record.name, record)

    def greet(self, name: str, generation: int, hello: Hello, problem: str, now_s: float) -> None:
        """Take note that a scanner connected; `problem` is why it gets nothing."""
        self._records.setdefault(name, Record(name)).greet(generation, hello, problem, now_s)
        self.changes += 1

    def leave(self, name: str, generation: int, why: str, in_flight: int, now_s: float) -> None:
        """Take note that a connection ended. One that was replaced by a newer one changes nothing but the faults."""
        record = self._records.get(name)
        if record is None:
            return
        if in_flight:
            self.fault(name, f"left with {in_flight} scans in flight")
        if record.generation == generation:
            record.generation = 0
            record.left_s, record.left_why = now_s, why
            record.tell(now_s, f"left: {why}")
            self.changes += 1

    def sign(self, name: str, now_s: float) -> None:
        """Take note that a scanner said something."""
        record = self._records.get(name)
        if record is not None:
            record.last_sign_s = now_s

    def load(self, name: str, load: Load) -> None:
        """Take note of what a scanner says of itself."""
        record = self._records.get(name)
        if record is not None:
            before = record.load.reason if record.load is not None and record.load.paused else ""
            after = (load.reason or "no reason given") if load.paused else ""
            if after != before:
                record.tell(record.last_sign_s or 0.0, f"takes no scans: {after}" if after else "takes scans again")
            record.load = load

    def result(self, name: str, result: Result, pushed_s: float, now_s: float) -> None:
        """Count a result. What the scanner says of its times is believed as far as it fits into what was measured."""
        record = self._records.get(name)
        if record is not None:
            total_ms = (now_s - pushed_s) * 1e3
            infer_ms = min(result.infer_ms, total_ms)
            queue_ms = min(result.queue_ms, total_ms - infer_ms)
            link_ms = total_ms - infer_ms - queue_ms
            record.add_result(ResultTimes(now_s, result.frames, queue_ms, link_ms, infer_ms, total_ms))

    def fault(self, name: str, what: str) -> None:
        """Count a fault of a scanner."""
        record = self._records.get(name)
        if record is not None:
            record.faults += 1
            record.last_fault = what
            record.tell(record.last_sign_s or 0.0, f"fault: {what}")

    def tell(self, name: str, what: str, now_s: float) -> None:
        """Take note of something else that happened to a scanner."""
        record = self._records.get(name)
        if record is not None:
            record.tell(now_s, what)

    def events(self, name: str, timeline: Timeline) -> tuple[ScannerEvent, ...]:
        """Return what happened to a scanner since the start, the latest first; nothing for one that is unknown."""
        record = self._records.get(name)
        kept = () if record is None else reversed(record.events)
        return tuple(ScannerEvent(timeline.at(at_s), what) for at_s, what in kept)

    def forget(self, name: str) -> bool:
        """Remember a scanner no more; False when it is connected or unknown."""
        record = self._records.get(name)
        if record is None or record.generation:
            return False
        del self._records[name]
        self.changes += 1
        return True

    def forget_old(self, now_s: float) -> None:
        """Remember those no more that were away for two weeks."""
        for name, record in list(self._records.items()):
            if not record.generation and now_s - (record.left_s or record.last_sign_s or now_s) > FORGET_AFTER_S:
                self.forget(name)
