"""Whether every upload of a drill was answered once, in time and right, and what it took."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.drill.load import Told

MIB = 2**20
LATE_S = 0.5
"""Between the coordinator's answer and this process having read it, on a machine that is busy with both."""

FLAT_BYTES = 20 * MIB
"""How much the coordinator's memory may grow from the first fifth of a drill to its last."""

DOCUMENTED: Mapping[str, int] = {
    "no_scanner": 200,
    "overloaded": 200,
    "timed_out": 200,
    "scanner_fault": 502,
    "too_costly": 422,
}
"""What may become of any picture while things fail, with its status by default (design, section 6): nobody there, no
room, late, two scanners lost with it, its limited process killed."""


@dataclass(frozen=True)
class Report:
    """The uploads of a drill, the faults, and the coordinator's resident memory, second by second."""

    told: Sequence[Told]
    faults: Counter[str]
    resident_bytes: Sequence[int]
    deadline_s: float
    leftovers: str
    """What was left at the end that should not be; empty: nothing."""

    @property
    def wrong(self) -> list[Told]:
        """Return the uploads with an answer that is neither right nor documented."""
        return [told for told in self.told if told.answer is not None and not is_right(told)]

    @property
    def unanswered(self) -> list[Told]:
        """Return the uploads without an answer."""
        return [told for told in self.told if told.answer is None]

    @property
    def late(self) -> list[Told]:
        """Return the uploads whose answer came after their deadline."""
        return [told for told in self.told if told.took_s > self.deadline_s + LATE_S]

    @property
    def grown_bytes(self) -> int:
        """Return by how much the median of memory grew from the first fifth of the drill to its last."""
        fifth = max(len(self.resident_bytes) // 5, 1)
        return int(statistics.median(self.resident_bytes[-fifth:]) - statistics.median(self.resident_bytes[:fifth]))

    @property
    def is_good(self) -> bool:
        """Say whether the drill shows what it should."""
        faulty = self.wrong or self.unanswered or self.late or self.leftovers
        return bool(self.told) and not faulty and self.grown_bytes <= FLAT_BYTES

    def lines(self) -> Iterator[str]:
        """Yield the figures in words."""
        answers = [told.answer for told in self.told if told.answer is not None]
        took_ms = sorted(told.took_s * 1e3 for told in self.told)
        judged = sum(answer.outcome in ("clean", "flagged") for answer in answers)
        looked_for = sum(told.kind.outcome in ("clean", "flagged") for told in self.told)
        bad = f"wrong {len(self.wrong)}, unanswered {len(self.unanswered)}, late {len(self.late)}"
        yield f"uploads {len(self.told)}, {bad}"
        yield "outcomes " + ", ".join(f"{k} {n}" for k, n in Counter(a.outcome for a in answers).most_common())
        yield f"pictures judged {judged} of {looked_for} ({judged / max(looked_for, 1):.1%})"
        if len(took_ms) > 1:
            cuts = statistics.quantiles(took_ms, n=100)
            middle, high, higher = (f"{cuts[share - 1]:.0f}" for share in (50, 95, 99))
            yield f"milliseconds median {middle}, 95th {high}, 99th {higher}, most {took_ms[-1]:.0f}"
        yield f"faults {self.faults.total()}: " + ", ".join(f"{k} {n}" for k, n in sorted(self.faults.items()))
        first, last = self.resident_bytes[0] / MIB, self.resident_bytes[-1] / MIB
        yield (
            f"memory MiB first {first:.0f}, most {max(self.resident_bytes) / MIB:.0f}, last {last:.0f}, "
            f"growth of the median {self.grown_bytes / MIB:+.1f}"
        )
        for told in [*self.wrong, *self.unanswered, *self.late][:20]:
            yield f"! {told.kind.name}: {told.answer or told.fault} after {told.took_s:.2f} s"
        if self.leftovers:
            yield f"! left over: {self.leftovers}"


def is_right(told: Told) -> bool:
    """Say whether an answer is the one known in advance, or one that the documents allow while things fail."""
    assert told.answer is not None
    if (told.answer.outcome, told.answer.status) == (told.kind.outcome, told.kind.status):
        return True
    return DOCUMENTED.get(told.answer.outcome) == told.answer.status
