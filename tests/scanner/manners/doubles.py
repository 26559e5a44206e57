"""Doubles for the GPU's driver and for the engine; all of them come in through constructors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

from scanner.manners.errors import GaugeError
from scanner.manners.gpu import CardReading


@dataclass
class Wall:
    """A clock on the wall, at noon of a summer day until it is set."""

    now: datetime = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class StubWorker:
    """What the watch sees of an engine."""

    busy: bool = False
    turns: int = 0


@dataclass
class StubGauge:
    """A gauge that shows one card with the share it is told, or the fault that it is told."""

    share_percent: float = 0.0
    fault: str = ""
    reads: int = 0
    closed: bool = False

    def read(self) -> Sequence[CardReading]:
        """Show the card."""
        self.reads += 1
        if self.fault:
            raise GaugeError(self.fault)
        return [CardReading(self.share_percent)]

    def close(self) -> None:
        """Remember it."""
        self.closed = True


@dataclass
class Sample:
    """One process's share, as the driver's library gives it."""

    pid: int
    smUtil: int  # noqa: N815 - the library's name
    timeStamp: int  # noqa: N815


@dataclass
class Card:
    """What the stub of the driver's library knows of a card; an exception in place of a value is raised."""

    total: int | Exception = 0
    samples: list[Sample] | Exception = field(default_factory=list)
    processes: list[int] | Exception = field(default_factory=list)


class StubNvml:
    """The part of nvidia-ml-py's module that the gauge calls, with its names and its exceptions."""

    class NVMLError(Exception):
        """Base of the library's errors."""

    class NVMLError_NotSupported(NVMLError):  # noqa: N801, N818
        """The card cannot tell."""

    class NVMLError_NotFound(NVMLError):  # noqa: N801, N818
        """There is no sample."""

    class NVMLError_NoPermission(NVMLError):  # noqa: N801, N818
        """The user may not know."""

    def __init__(self, *cards: Card, fault: Exception | None = None) -> None:
        self.cards = cards
        self.fault = fault
        self.calls: list[str] = []
        self.asked_since: list[int] = []

    def nvmlInit(self) -> None:  # noqa: N802
        """Begin."""
        if self.fault is not None:
            raise self.fault
        self.calls.append("init")

    def nvmlShutdown(self) -> None:  # noqa: N802
        """End."""
        if self.fault is not None:
            raise self.fault
        self.calls.append("shutdown")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        """Count the cards."""
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:  # noqa: N802
        """Give a card."""
        return self.cards[index]

    def nvmlDeviceGetUtilizationRates(self, card: Card) -> SimpleNamespace:  # noqa: N802
        """Give the share of a card that is in use."""
        if isinstance(card.total, Exception):
            raise card.total
        return SimpleNamespace(gpu=card.total, memory=0)

    def nvmlDeviceGetProcessUtilization(self, card: Card, since_us: int) -> list[Sample]:  # noqa: N802
        """Give the shares of processes."""
        self.asked_since.append(since_us)
        if isinstance(card.samples, Exception):
            raise card.samples
        return card.samples

    def nvmlDeviceGetComputeRunningProcesses(self, card: Card) -> list[SimpleNamespace]:  # noqa: N802
        """Give the processes that compute on a card."""
        if isinstance(card.processes, Exception):
            raise card.processes
        return [SimpleNamespace(pid=pid) for pid in card.processes]
