"""Whether a scanner takes new scans now, and every reason why it does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from scanner.manners.gpu import Gate
from scanner.manners.hours import Hours
from scanner.manners.order import Order

RESUME = "`fediward-scanner resume`"


class Reason(IntEnum):
    """Why a scanner is paused, in the order in which the reasons are told: what a person did comes first."""

    BY_HAND = 1
    AT_START = 2
    HOURS = 3
    GPU = 4


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason that holds now, in words for the log and the admin page."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings ask for."""

    hours: Hours | None = None
    start_paused: bool = False
    yield_gpu_percent: float | None = None


class Decision:
    """Gather what is known, and say which causes hold. Tell it news through `note_…`."""

    def __init__(self, rules: Rules, order: Order | None) -> None:
        """Take the settings, and the order that was there when the scanner started."""
        self._rules = rules
        self._order = order
        self._awaits_order = rules.start_paused
        self._gate = None if rules.yield_gpu_percent is None else Gate(rules.yield_gpu_percent)

    def note_order(self, order: Order | None) -> None:
        """Take the order that is there now. One that was given since the start ends the pause of the start."""
        if order != self._order:
            self._order = order
            self._awaits_order = False

    def note_gpu(self, share_percent: float | None, now_s: float) -> None:
        """Take the share of the GPU that others use, None if it cannot be told, at a time that never goes back."""
        if self._gate is not None:
            self._gate.note(share_percent, now_s)

    def note_gpu_lost(self) -> None:
        """Go on as if nobody else used the GPU: its driver does not answer any more."""
        if self._gate is not None:
            self._gate.open()

    def causes(self, now: datetime) -> tuple[Cause, ...]:
        """Return what keeps the scanner from new scans, in the order of `Reason`; empty when it may work.

        `now` is the machine's local time and knows its time zone.
        """
        causes = []
        if self._order is not None and self._order.holds(now.timestamp()):
            causes.append(Cause(Reason.BY_HAND, f"paused on its machine until {_end_of(self._order, now)}"))
        if self._awaits_order:
            causes.append(Cause(Reason.AT_START, f"started paused, until {RESUME}"))
        hours = self._rules.hours
        if hours is not None and now.time() not in hours:
            causes.append(Cause(Reason.HOURS, f"outside its hours, {hours} (UTC{now:%z})"))
        if self._gate is not None and self._gate.aside:
            share = f"{self._gate.limit_percent:g} %"
            causes.append(Cause(Reason.GPU, f"other programs use {share} of the GPU or more"))
        return tuple(causes)


def _end_of(order: Order, now: datetime) -> str:
    if order.until_s is None:
        return RESUME
    return f"{datetime.fromtimestamp(order.until_s, now.tzinfo):%Y-%m-%d %H:%M} (UTC{now:%z})"
