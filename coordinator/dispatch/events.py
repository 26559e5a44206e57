"""What may happen to the dispatch machine, and what it tells its owner to do.

All times are seconds of one monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from shared.messages import FailureKind, Lane


@dataclass(frozen=True, slots=True)
class ScannerJoined:
    """A scanner connected. Its generation is new; an older one of the same scanner is fenced."""

    generation: int
    scanner: str
    capacity: int


@dataclass(frozen=True, slots=True)
class ScannerReady:
    """A scanner that joined may be pushed to from now on."""

    generation: int


@dataclass(frozen=True, slots=True)
class ScannerDraining:
    """A scanner takes no more pushes; what it has, it finishes."""

    generation: int


@dataclass(frozen=True, slots=True)
class ScannerLeft:
    """A connection ended, in whatever way."""

    generation: int


@dataclass(frozen=True, slots=True)
class LoadChanged:
    """A scanner said how many frames it takes at once, 0 while it is paused, and how fast it believes to be."""

    generation: int
    capacity: int
    frames_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RoomReserved:
    """So many frames of a scanner's room are taken by an admin's trial from now on; 0 once that is over."""

    generation: int
    frames: int


@dataclass(frozen=True, slots=True)
class ScannerHeld:
    """An admin lets a scanner take no new scans, or lets it take them again; holds for its later connections too."""

    scanner: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class ScannerForgiven:
    """An admin wants a scanner that was set aside to be tried now."""

    scanner: str


@dataclass(frozen=True, slots=True)
class ScanSubmitted:
    """An upload wants its frames looked at until the deadline."""

    scan: str
    lane: Lane
    frames: int
    frame_bytes: int
    deadline_s: float


@dataclass(frozen=True, slots=True)
class SpotCheckSubmitted:
    """Frames that one scanner has looked at are to be looked at by another, this one, if it has nothing else to do.

    Its end is Scored; NO_SCANNER when the scanner had, or got, something else to do, left or failed; or TIMED_OUT.
    """

    scan: str
    generation: int
    frames: int
    deadline_s: float


@dataclass(frozen=True, slots=True)
class ScanAbandoned:
    """Nobody waits for a scan, or a spot check, any more."""

    scan: str


@dataclass(frozen=True, slots=True)
class FramesReceived:
    """All frames of a push are at the scanner."""

    generation: int
    scan: str
    attempt: int


@dataclass(frozen=True, slots=True)
class FramesDone:
    """So many frames of a push are done."""

    generation: int
    scan: str
    attempt: int
    done: int


@dataclass(frozen=True, slots=True)
class ResultArrived:
    """A push came back with scores whose shape and range were checked."""

    generation: int
    scan: str
    attempt: int
    scores: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class PushFailed:
    """A scanner could not finish a push."""

    generation: int
    scan: str
    attempt: int
    kind: FailureKind


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; sent when the machine asked to be woken."""


Event: TypeAlias = (
    ScannerJoined
    | ScannerReady
    | ScannerDraining
    | ScannerLeft
    | LoadChanged
    | RoomReserved
    | ScannerHeld
    | ScannerForgiven
    | ScanSubmitted
    | SpotCheckSubmitted
    | ScanAbandoned
    | FramesReceived
    | FramesDone
    | ResultArrived
    | PushFailed
    | Tick
)


class Shortfall(StrEnum):
    """Why a scan was settled without scores. The values are those of `judge.outcomes.Outcome`."""

    NO_SCANNER = "no_scanner"
    OVERLOADED = "overloaded"
    TIMED_OUT = "timed_out"
    SCANNER_FAULT = "scanner_fault"


@dataclass(frozen=True, slots=True)
class Push:
    """Send the first `frames` frames of a scan to a scanner."""

    generation: int
    scan: str
    attempt: int
    frames: int
    left_s: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """Tell a scanner to drop a scan, and send it no more of its frames.

    The scan is settled or abandoned; one that timed out is cancelled only when its late result is not waited for any
    longer.
    """

    generation: int
    scan: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A scan came back: scores of its first `frames` frames, by this scanner."""

    generation: int
    scanner: str
    attempt: int
    frames: int
    scores: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settle:
    """Tell whoever waits for a scan what became of it. Exactly one for each scan that was not abandoned."""

    scan: str
    end: Scored | Shortfall


@dataclass(frozen=True, slots=True)
class Fence:
    """Close a connection that a newer one of the same scanner has replaced."""

    generation: int


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send a Tick at this time; replaces what was asked for before."""

    at_s: float


Command: TypeAlias = Push | Cancel | Settle | Fence | WakeAt
