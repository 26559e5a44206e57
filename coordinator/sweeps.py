"""The sweeps that report to a running coordinator, and what an admin wants of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

MAX_SWEEPS = 100
"""The oldest that is silent goes when a further one reports."""

SILENT_S = 30.0
"""A sweep reports every few seconds; one that was not heard of for so long has ended, or lost its way."""

MAX_ALIASES = 100
"""Of a removed file; its report has them all."""

Count: TypeAlias = Annotated[int, Field(ge=0, le=2**53)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


class Order(StrEnum):
    """What a sweep is to do."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"
    """End, so that the next `sweep run` of the same source goes on there."""


class SweepState(StrEnum):
    """What a sweep does, by its own word."""

    RUNNING = "running"
    WAITING = "waiting"
    """For scanners, the source, or the next time: its report says which."""
    PAUSED = "paused"
    ENDED = "ended"


class Calibrated(BaseModel):
    """What a calibration came to: shares of the looked-at pictures that the policy flags."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pictures: Count
    flagged: Count
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    """The 95 % interval of the share flagged."""
    policy: str = Field("", max_length=100)


class LastCalibration(BaseModel):
    """The calibration that ended last, and when it did."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    result: Calibrated


class SweepOrder(BaseModel):
    """The answer to a report: what the admin wants of the sweep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Order = Order.RUN
    limit_per_s: float | None = Field(None, gt=0, le=1e6)
    """Pictures a second at most; None: as it was started."""


class SweepReport(BaseModel):
    """What a sweep tells of itself every few seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(max_length=300)
    """Without secrets, and printable."""
    state: SweepState = SweepState.RUNNING
    message: str = Field("", max_length=300)
    """Why it waits, in words."""
    done: Count = 0
    total: Count | None = None
    """None while it is still counting."""
    rate_per_s: float = Field(0.0, ge=0, le=1e9)
    left_s: float | None = Field(None, ge=0, le=1e12)
    found: Count = 0
    unreadable: Count = 0
    failed: Count = 0
    purges: bool = False
    wanted: SweepOrder = SweepOrder()
    """What it was told last: a coordinator that was restarted goes on with that."""
    calibration: Calibrated | None = None


class Removed(BaseModel):
    """What a sweep tells of a file that it removed, or could not remove."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    place: str = Field(max_length=1000)
    """Printable."""
    is_gone: bool
    aliases: tuple[Annotated[str, Field(max_length=300)], ...] = Field((), max_length=MAX_ALIASES)
    """Other names that led to it."""
    reason: str = Field("", max_length=300)


@dataclass(slots=True)
class KnownSweep:
    """One sweep, as the coordinator knows it."""

    name: str
    caller: str
    report: SweepReport
    heard_s: float
    """When it last reported, in the time of the registry's clock."""
    wanted: SweepOrder


class Sweeps:
    """Keep the last report of every sweep, and answer it with what is wanted. In memory only: sweeps report again."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, last_calibration: LastCalibration | None = None
    ) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], KnownSweep] = {}
        self.last_calibration = last_calibration

    def __repr__(self) -> str:
        return f"<Sweeps {len(self._known)}>"

    def note(self, caller: str, name: str, report: SweepReport) -> SweepOrder:
        """Take a report; return what the sweep is to do."""
        known = self._known.pop((caller, name), None)
        if known is None or known.report.state is SweepState.ENDED:
            known = KnownSweep(name, caller, report, self._clock(), report.wanted)
            while len(self._known) >= MAX_SWEEPS:
                del self._known[min(self._known, key=lambda key: self._known[key].heard_s)]
        known.report, known.heard_s = report, self._clock()
        self._known[caller, name] = known
        wanted = known.wanted
        if wanted.order is Order.STOP:
            # It holds once: who starts the sweep again wants it to run.
            known.wanted = SweepOrder(limit_per_s=wanted.limit_per_s)
        return wanted

    def find(self, caller: str, name: str) -> KnownSweep | None:
        """Return a sweep, whose `wanted` may be set: it is told at its next report. None when there is no such."""
        return self._known.get((caller, name))

    def all(self) -> tuple[KnownSweep, ...]:
        """Return all that reported since the start, the one heard last first."""
        return tuple(reversed(self._known.values()))

    def is_silent(self, sweep: KnownSweep) -> bool:
        """Say whether a sweep that did not say that it ended is not heard of any more."""
        ended = sweep.report.state is SweepState.ENDED
        return not ended and self._clock() - sweep.heard_s > SILENT_S
