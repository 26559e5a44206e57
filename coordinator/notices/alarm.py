"""When to speak of a cause that comes and goes. Pure: the time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Turn(Enum):
    """News about a cause."""

    BEGAN = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something must last before it is told."""

    grace_s: float = 60.0
    """For a cause: a scanner that restarts is no news."""
    recovery_s: float = 60.0
    """For its end; a shorter one does not count as one."""


class Alarm:
    """One cause. It is told once when it has lasted for the grace time, and once when it is over.

    A cause that comes and goes in quick turns is one cause: its time runs on while it is away for less than the
    recovery time.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._is_told = False
        self._bad_since_s: float | None = None
        self._good_since_s: float | None = None

    @property
    def is_told(self) -> bool:
        """Say whether the admin believes that the cause is there."""
        return self._is_told

    @property
    def is_quiet(self) -> bool:
        """Say whether nothing is remembered: the alarm may be thrown away."""
        return self._bad_since_s is None

    def observe(self, *, is_bad: bool, now_s: float) -> Turn | None:
        """Take what is the case now; return what is to be told."""
        if is_bad:
            self._good_since_s = None
            if self._bad_since_s is None:
                self._bad_since_s = now_s
            if not self._is_told and now_s - self._bad_since_s >= self._patience.grace_s:
                self._is_told = True
                return Turn.BEGAN
            return None
        if self._bad_since_s is None:
            return None
        if self._good_since_s is None:
            self._good_since_s = now_s
        if now_s - self._good_since_s < self._patience.recovery_s:
            return None
        was_told, self._is_told = self._is_told, False
        self._bad_since_s = self._good_since_s = None
        return Turn.ENDED if was_told else None
