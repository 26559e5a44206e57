"""What is shown of one scanner: where its connection stands, apart from what is meant to happen with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Connection(StrEnum):
    """Where a scanner stands, by fresh evidence only."""

    READY = "ready"
    WORKING = "working"
    WARMING_UP = "warming_up"
    """Connected; its model is being prepared."""
    LATE = "late"
    """Connected, and silent for longer than it should be."""
    DRAINING = "draining"
    """It finishes what it has and leaves."""
    CANNOT_SERVE = "cannot_serve"
    """Connected, and gets nothing: the wrong model, or one that does not work there. `why` says it."""
    REFUSED = "refused"
    """It knows its token and was not let in, for example because its version speaks another protocol."""
    OFFLINE = "offline"
    NEVER_CONNECTED = "never_connected"


class IntentKind(StrEnum):
    """What is meant to happen with a scanner."""

    ACTIVE = "active"
    PAUSED = "paused"
    SET_ASIDE = "set_aside"
    """It failed again and again, and is tried again by itself at a time."""
    REVOKED = "revoked"
    """Its token counts no more; the row stays until it is forgotten."""


class Place(StrEnum):
    """Where a pause was ordered."""

    PAGE = "page"
    """Here, by an admin of the coordinator."""
    MACHINE = "machine"
    """At the scanner's own machine: its hours, its GPU, or somebody there."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that an admin ordered here."""

    who: str
    note: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Intent:
    """What is meant to happen with a scanner, by whom, why, and until when."""

    kind: IntentKind = IntentKind.ACTIVE
    place: Place | None = None
    who: str = ""
    note: str = ""
    """The admin's note, what the machine gives as its reason, or the fault that set it aside."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScannerEvent:
    """Something that happened to a scanner."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Split:
    """Milliseconds of a scan at one scanner: waiting there, on the line both ways, computing, and all of it."""

    queue: float = 0.0
    link: float = 0.0
    infer: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Timing:
    """The results of the last five minutes, at most the newest 256. Each part's percentile is its own."""

    results: int = 0
    frames: int = 0
    p50_ms: Split = Split()
    p95_ms: Split = Split()


@dataclass(frozen=True, slots=True)
class ScannerStatus:
    """One row of the table. Empty texts and None: not known."""

    name: str
    """Of its token. Unique."""
    connection: Connection
    why: str
    """Explains the connection where that needs words."""
    since: datetime | None
    """When it connected, left, or was refused; for one that never connected, when its token was made."""
    intent: Intent
    takes_uploads: bool
    """An upload that comes now may go to it."""
    host: str
    """What it calls itself: anybody's words."""
    version: str
    device_asked: str
    device: str
    model_asked: str
    models: tuple[str, ...]
    in_flight: int
    """Frames."""
    capacity: int
    scans: int
    """Results since it is known."""
    frames: int
    frames_per_s: float
    """Measured here; before the first result, what it says of itself; 0: not known."""
    timing: Timing
    faults: int
    """Since it is known."""
    last_fault: str
    disagreements: int
    last_result: datetime | None
    last_sign: datetime | None
    """When it said anything."""
    connected: datetime | None
    memory_used_bytes: int
    memory_total_bytes: int
