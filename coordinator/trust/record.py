"""What is known of every scanner's trustworthiness, and who is set aside. One instance serves the coordinator."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from coordinator.trust.examination import MOST_OTHERS, Difference, Examination, Other
from coordinator.trust.reference import Noise, Reference, draw_frames
from coordinator.trust.tolerance import Rows, difference_of, tolerance_of

COMPARISONS_KEPT = 20
"""Of each scanner, the latest."""

MOST_DISAGREEMENTS = 3
"""Among those kept: a scanner with so many is set aside, if it is the odd one out."""

FIRST_PAUSE_S, MOST_DOUBLINGS = 60.0, 6
"""Every further time a scanner is set aside it is for twice as long, up to 60 s * 2**6: about an hour."""

EXAMINED_AGAIN_S = 30.0
"""A scanner that passed, and is back this soon, is taken to be the same process on a new connection."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a scanner says that it is: another one must be examined anew."""

    software: str
    device: str
    precision: str
    """As in the protocol's hello; empty when it does not say."""
    weights: str
    capacity: int


@dataclass(frozen=True, slots=True)
class Passed:
    """An examination that a scanner has passed: who it was, and a frame that it was asked, with its answer."""

    identity: Identity
    reference: Reference


@dataclass(frozen=True, slots=True)
class Aside:
    """Why a scanner is not believed, and for how long."""

    reason: str
    since_s: float
    until_s: float


@dataclass(slots=True)
class ScannerRecord:
    """What is known of one scanner, while its connections come and go."""

    passed: Passed | None = None
    """Its last examination; None when it has not passed it, or is set aside."""
    connections: int = 0
    """More than one while an old connection has not noticed its end yet."""
    left_s: float = float("-inf")
    recent: deque[tuple[str, bool]] = field(default_factory=lambda: deque(maxlen=COMPARISONS_KEPT))
    """The other scanner of the latest comparisons, and whether they agreed."""
    comparisons: int = 0
    disagreements: int = 0
    faults: int = 0
    """Times that it gave the same scores to unlike frames."""
    times_aside: int = 0
    aside: Aside | None = None
    """The last time that it was set aside, over or not."""

    @property
    def opponents(self) -> Counter[str]:
        """The others that it disagreed with lately, and how often."""
        return Counter(other for other, agreed in self.recent if not agreed)


class Trust:
    """Decide what scanners are asked, and whether their answers are believed. Times are those of one clock."""

    def __init__(self, *, noise: Noise, weights: str = "") -> None:
        """Take a source of random bytes, and how the fingerprint of the weights must begin; empty: any will do."""
        self._noise = noise
        self._weights = weights
        self._records: dict[str, ScannerRecord] = {}

    def __repr__(self) -> str:
        return f"<Trust scanners={len(self._records)}>"

    @property
    def records(self) -> Mapping[str, ScannerRecord]:
        """What is known, by the scanner's name."""
        return self._records

    def disagreements(self, scanner: str) -> int:
        """Return how often a scanner disagreed with another, since the coordinator was started."""
        record = self._records.get(scanner)
        return 0 if record is None else record.disagreements

    def problem_of(self, scanner: str, weights: str, now: float) -> str:
        """Say why a scanner gets nothing now; empty when it may be examined."""
        if (aside := self.aside_of(scanner, now)) is not None:
            return f"set aside for another {aside.until_s - now:.0f} s: {aside.reason}"
        if not weights.startswith(self._weights):
            return f"its weights are {weights[:12]}; FEDIWARD_FINGERPRINT allows only {self._weights[:12]}"
        return ""

    def aside_of(self, scanner: str, now: float) -> Aside | None:
        """Return why and until when a scanner is set aside; None when it is not."""
        record = self._records.get(scanner)
        aside = None if record is None else record.aside
        return aside if aside is not None and now < aside.until_s else None

    def forgive(self, scanner: str, now: float) -> bool:
        """Let a scanner be examined now, on its next connection; False when it is not set aside."""
        if (aside := self.aside_of(scanner, now)) is None:
            return False
        self._records[scanner].aside = replace(aside, until_s=now)
        return True

    # Examinations

    def examine(self, scanner: str, identity: Identity, *, frame_size: int, now: float) -> Examination | None:
        """Return what a scanner must be asked before it is ready; None when it was only away for a moment."""
        record = self._record(scanner)
        is_back = record.connections > 1 or now - record.left_s <= EXAMINED_AGAIN_S
        if record.passed is not None and record.passed.identity == identity and is_back:
            return None
        record.passed = None
        others = [
            Other(name, passed.identity.precision, passed.reference)
            for name, passed in self._passed(identity.weights)
            if self._records[name].connections
        ]
        fresh = draw_frames(self._noise, frame_size)
        capacity = max(identity.capacity, 1)
        return Examination(fresh, others[-MOST_OTHERS:], precision=identity.precision, capacity=capacity)

    def judge(self, scanner: str, identity: Identity, examination: Examination) -> str:
        """Say why a scanner has failed its examination; empty when it has passed, and is compared from now on.

        It fails by its own answers, or where two others say that it is wrong. Where only one is there to compare with,
        nobody knows which of the two is wrong: the disagreement is counted, and both serve.
        """
        if examination.fault:
            return examination.fault
        differences = examination.differences
        for other, difference in differences.items():
            self._count(scanner, other, difference)
        if len(differences) >= MOST_OTHERS and not any(difference.agrees for difference in differences.values()):
            return f"its {max(differences.values(), key=_largest)}: so say {' and '.join(differences)}"
        self._record(scanner).passed = Passed(identity, examination.references[0])
        return ""

    def join(self, scanner: str) -> None:
        """Note that a scanner has a connection. Call `leave` when that ends, in whatever way."""
        self._record(scanner).connections += 1

    def leave(self, scanner: str, now: float) -> None:
        """Note that a connection of a scanner has ended."""
        record = self._record(scanner)
        record.connections -= 1
        record.left_s = now

    # Comparisons

    def partner_of(self, scanner: str, candidates: Iterable[str]) -> str | None:
        """Choose who looks at a scan after a scanner: of the same weights, and compared with it the least lately."""
        record = self._record(scanner)
        if record.passed is None:
            return None
        alike = {name for name, _ in self._passed(record.passed.identity.weights)}
        counts = Counter(other for other, _ in record.recent)
        others = [name for name in candidates if name != scanner and name in alike]
        return min(others, key=lambda name: (counts[name], name), default=None)

    def compare(self, scanner: str, rows: Rows, other: str, other_rows: Rows) -> Difference:
        """Count a comparison of what two scanners said of the same frames."""
        tolerance = tolerance_of(self._precision(scanner), self._precision(other))
        difference = Difference(difference_of(rows, other_rows), tolerance)
        self._count(scanner, other, difference)
        return difference

    def odd_one(self, *scanners: str) -> str | None:
        """Return which of the scanners is to be set aside, if it can be said.

        It is one that disagreed often, and with several others each of which disagreed with fewer than it did: so never
        one of two, nor anybody where all disagree with all.
        """
        for scanner in scanners:
            opponents = self._record(scanner).opponents
            is_odd = all(len(self._record(other).opponents) < len(opponents) for other in opponents)
            if opponents.total() >= MOST_DISAGREEMENTS and len(opponents) > 1 and is_odd:
                return scanner
        return None

    def note_fault(self, scanner: str) -> None:
        """Count that a scanner gave the same scores to unlike frames."""
        self._record(scanner).faults += 1

    def set_aside(self, scanner: str, reason: str, now: float) -> float:
        """Believe a scanner no more for a while; return for how many seconds. Its comparisons say nothing of others."""
        record = self._record(scanner)
        pause_s: float = FIRST_PAUSE_S * 2 ** min(record.times_aside, MOST_DOUBLINGS)
        record.times_aside += 1
        record.aside = Aside(reason, now, now + pause_s)
        record.passed = None
        record.recent.clear()
        for other in self._records.values():
            kept = [comparison for comparison in other.recent if comparison[0] != scanner]
            other.recent.clear()
            other.recent.extend(kept)
        return pause_s

    def _count(self, scanner: str, other: str, difference: Difference) -> None:
        for own, name in ((self._record(scanner), other), (self._record(other), scanner)):
            own.comparisons += 1
            own.disagreements += not difference.agrees
            own.recent.append((name, difference.agrees))

    def _record(self, scanner: str) -> ScannerRecord:
        return self._records.setdefault(scanner, ScannerRecord())

    def _passed(self, weights: str) -> Iterator[tuple[str, Passed]]:
        for name, record in self._records.items():
            if record.passed is not None and record.passed.identity.weights == weights:
                yield name, record.passed

    def _precision(self, scanner: str) -> str:
        passed = self._record(scanner).passed
        return "" if passed is None else passed.identity.precision


def _largest(difference: Difference) -> float:
    return difference.largest
