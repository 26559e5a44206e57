"""How much of a GPU other programs use, and when that is a reason to step aside. Shares are percents, 0 to 100."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

ASIDE_AFTER_S = 2.0
"""Others are beyond the limit for so long before the scanner steps aside: the opening of a window is no game."""

BACK_AFTER_S = 30.0
"""Others are below the limit for so long before it comes back: a game that loads its next level is not over."""


@dataclass(frozen=True, slots=True)
class CardReading:
    """What a driver says of one card; None where it does not tell.

    `by_process` is the share of the processes that it knows, by process id as the driver sees it: in a container that
    is not the process's own. `ours` says that it has seen this process on the card.
    """

    total_percent: float | None
    by_process: Mapping[int, float] | None = None
    ours: bool = False


class Gauge(Protocol):
    """Read how busy the cards are. Calls may block; `GaugeError` says that the driver does not answer."""

    def read(self) -> Sequence[CardReading]:
        """Return a reading for each card. Raises GaugeError."""

    def close(self) -> None:
        """Let go of the driver."""


def others_percent(cards: Sequence[CardReading], own_pid: int, *, computed: bool) -> float | None:
    """Return the largest share that others use of a card on which this process is, or of any card if it is on none.

    `computed` says whether this scanner's model computed since the reading before. None: nothing can be told, because
    it did and the driver does not tell which part was its own.
    """
    shares = [
        share
        for card in [card for card in cards if card.ours] or cards
        if (share := _others_on(card, own_pid, computed=computed)) is not None
    ]
    return max(shares, default=None)


def _others_on(card: CardReading, own_pid: int, *, computed: bool) -> float | None:
    if not computed:
        return card.total_percent
    if card.by_process is None or own_pid not in card.by_process:
        return None
    return min(sum(share for pid, share in card.by_process.items() if pid != own_pid), 100.0)


class Gate:
    """Step aside soon and come back late, so that a share that hovers about the limit does not swing the scanner."""

    def __init__(self, limit_percent: float) -> None:
        """Take the share from which on others go first."""
        self.limit_percent = limit_percent
        self.aside = False
        self._since_s: float | None = None

    def note(self, share_percent: float | None, now_s: float) -> None:
        """Take a reading of the others' share. Unknown (None) changes nothing."""
        if share_percent is None:
            return
        if (share_percent >= self.limit_percent) == self.aside:
            self._since_s = None
            return
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s >= (BACK_AFTER_S if self.aside else ASIDE_AFTER_S):
            self.aside = not self.aside
            self._since_s = None

    def open(self) -> None:
        """Come back at once: there are no readings any more."""
        self.aside = False
        self._since_s = None
