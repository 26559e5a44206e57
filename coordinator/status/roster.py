"""The scanners that are or were there, and what they did. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Iterable

from coordinator.status.record import Happening, Record, ResultTimes
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
        record = self._records.setdefault(name, Record(name))
        record.greet(generation, hello, problem, now_s)
        gets = f", and gets nothing: {problem}" if problem else ""
        record.happenings.append(Happening(now_s, f"connected: {hello.software} on {hello.device}{gets}"))
        self.changes += 1

    def leave(self, name: str, generation: int, why: str, in_flight: int, now_s: float) -> None:
        """Take note that a connection ended. One that was replaced by a newer one changes nothing but the faults."""
        record = self._records.get(name)
        if record is None:
            return
        if in_flight:
            self.fault(name, f"left with {in_flight} scans in flight", now_s)
        if record.generation == generation:
            record.generation = 0
            record.left_s, record.left_why = now_s, why
            record.happenings.append(Happening(now_s, f"left: {why}"))
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

    def fault(self, name: str, what: str, now_s: float) -> None:
        """Count a fault of a scanner."""
        record = self._records.get(name)
        if record is not None:
            record.faults += 1
            record.last_fault = what
            record.happenings.append(Happening(now_s, f"fault: {what}"))

    def note(self, name: str, what: str, now_s: float) -> None:
        """Take note of what was done with a scanner; of one that never came nothing is remembered."""
        record = self._records.get(name)
        if record is not None:
            record.happenings.append(Happening(now_s, what))

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
