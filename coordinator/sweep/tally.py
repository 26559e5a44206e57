"""How far a sweep is: what its bar, its card and its last line show. Pure: no clock; time is an argument."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from coordinator.sweep.row import BAD, FAILED, NOT_JUDGED, Action, Row

RATE_OVER_S = 20.0


@dataclass
class Tally:
    """Count what became of files."""

    outcomes: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    done: int = 0
    """Files that are settled, those before the run was broken off included."""
    total: int | None = None
    """None while it is still counted."""
    is_counted: bool = True
    """Whether there will be a total."""
    here: int = 0
    """Files that this process settled."""
    remembered: int = 0
    """Of these, the ones whose answer needed no scanner."""
    message: str = ""
    """Why nothing goes on now; empty while it does."""
    _samples: deque[tuple[float, int]] = field(default_factory=deque, repr=False)

    def note(self, row: Row, *, remembered: bool = False, instead_of: Row | None = None) -> None:
        """Count a file, or what became of it at another try."""
        if instead_of is None:
            self.done += 1
            self.here += 1
        else:
            self.outcomes[instead_of.outcome] -= 1
            self.actions[instead_of.action] -= 1
        self.remembered += remembered
        self.outcomes[row.outcome] += 1
        self.actions[row.action] += 1

    def resume(self, counts: Iterable[tuple[str, str, int]]) -> None:
        """Take what was settled before the run was broken off: outcome, action and number."""
        for outcome, action, number in counts:
            self.outcomes[outcome] += number
            self.actions[action] += number
            self.done += number

    def sample(self, now_s: float) -> None:
        """Note how many are done at a time, for the rate."""
        self._samples.append((now_s, self.here))
        while len(self._samples) > 2 and self._samples[0][0] < now_s - RATE_OVER_S:
            self._samples.popleft()

    @property
    def rate_per_s(self) -> float:
        """Files a second, over the last while."""
        if len(self._samples) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._samples[0], self._samples[-1]
        return max(0.0, (last - first) / (last_s - first_s)) if last_s > first_s else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the end at this rate; None when that is not known."""
        rate = self.rate_per_s
        return None if self.total is None or rate <= 0 else max(0, self.total - self.done) / rate

    @property
    def found(self) -> int:
        """Files that are not to be kept."""
        return sum(self.outcomes[outcome] for outcome in BAD)

    @property
    def unreadable(self) -> int:
        """Files that could only not be looked at."""
        return sum(self.outcomes[outcome] for outcome in NOT_JUDGED)

    @property
    def failed(self) -> int:
        """Files that are still to be tried again."""
        return self.outcomes[FAILED]

    @property
    def kept(self) -> int:
        """Files that were to be removed and are still there."""
        return self.actions[Action.KEPT]
