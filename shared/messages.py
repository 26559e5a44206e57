"""The messages between a scanner and the coordinator, as frozen types with the bounds of every field.

Times are durations: clocks of home machines are wrong. `wire` turns messages into bytes and back, and checks the bounds
on receipt; nothing is checked when a message is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar, TypeAlias, TypeVar, dataclass_transform

from annotated_types import Ge, Le, Len, MaxLen, Predicate
from pydantic import ConfigDict, Strict

from shared import limits


class Lane(StrEnum):
    """How urgent a scan is."""

    LIVE = "live"
    """A person waits for the answer."""
    SWEEP = "sweep"
    """Nobody waits; live goes first."""


class FailureKind(StrEnum):
    """Why a scanner could not finish a scan."""

    OUT_OF_MEMORY = "out of memory"
    DEVICE_LOST = "device lost"
    BUSY = "busy"
    INTERNAL = "internal"


def is_printable(text: str) -> bool:
    """Say whether a text holds no control characters."""
    return text.isprintable()


T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def message(kind: type[T]) -> type[T]:
    """Make a frozen dataclass whose decoder refuses fields that it does not know, NaN and infinity."""
    kind.__pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)  # type: ignore[attr-defined]
    return dataclass(frozen=True, slots=True)(kind)


Integer: TypeAlias = Annotated[int, Strict()]
String: TypeAlias = Annotated[str, Strict()]
Count: TypeAlias = Annotated[Integer, Ge(0), Le(2**53)]
Milliseconds: TypeAlias = Annotated[float, Strict(), Ge(0), Le(86_400_000)]
ScanId: TypeAlias = Annotated[String, Len(1, 64), Predicate(is_printable)]
Attempt: TypeAlias = Annotated[Integer, Ge(1), Le(1000)]
Name: TypeAlias = Annotated[String, Len(1, limits.MAX_NAME_CHARACTERS), Predicate(is_printable)]
Text: TypeAlias = Annotated[String, MaxLen(limits.MAX_TEXT_CHARACTERS), Predicate(is_printable)]
Term: TypeAlias = Annotated[String, Len(1, limits.MAX_TERM_CHARACTERS)]
Fingerprint: TypeAlias = Annotated[String, Len(1, 64), Predicate(is_printable)]
Capacity: TypeAlias = Annotated[Integer, Ge(0), Le(limits.MAX_CAPACITY_FRAMES)]
FrameSize: TypeAlias = Annotated[Integer, Ge(limits.MIN_FRAME_SIZE), Le(limits.MAX_FRAME_SIZE)]
FrameCount: TypeAlias = Annotated[Integer, Ge(1), Le(limits.MAX_FRAMES)]


@message
class ServedModel:
    """A model that a scanner has loaded."""

    name: Name
    fingerprint: Fingerprint
    frame_size: FrameSize


@message
class Hello:
    """First message of a scanner: who it is and what it can do. The coordinator answers with Welcome."""

    TYPE: ClassVar = "hello"
    software: Name
    name: Name
    device_asked: Name
    device: Name
    models: Annotated[tuple[ServedModel, ...], MaxLen(limits.MAX_MODELS)]
    capacity: Annotated[Capacity, Ge(1)]
    precision: Text = ""
    """Of the scores, such as bf16; empty when it is not known."""


@message
class Welcome:
    """Answer to Hello. With a `problem` the scanner stays connected, gets nothing, and shows why.

    Without one, the scanner encodes the terms, tests itself, and says Ready.
    """

    TYPE: ClassVar = "welcome"
    scanner_id: Name
    generation: Annotated[Count, Ge(1)]
    max_frames: FrameCount
    max_message_bytes: Count
    model: Name
    terms: Annotated[tuple[Term, ...], Len(1, limits.MAX_TERMS)] = field(repr=False)
    problem: Text = ""


@message
class Ready:
    """The terms are encoded, the self-test passed, the model is warm: scans may be pushed."""

    TYPE: ClassVar = "ready"


@message
class Scan:
    """Announce a scan. Its `frames` Frame messages follow, with indices 0 to frames - 1."""

    TYPE: ClassVar = "scan"
    scan_id: ScanId
    attempt: Attempt
    left_ms: Milliseconds
    lane: Lane
    frames: FrameCount
    frame_size: FrameSize


@message
class Frame:
    """One frame of an announced scan: RGB pixels, row by row, frame_size * frame_size * 3 bytes."""

    TYPE: ClassVar = "frame"
    scan_id: ScanId
    index: Annotated[Integer, Ge(0), Le(limits.MAX_FRAMES - 1)]
    pixels: Annotated[bytes, Strict()] = field(repr=False)


@message
class Received:
    """All frames of a scan are there."""

    TYPE: ClassVar = "received"
    scan_id: ScanId
    attempt: Attempt


@message
class Progress:
    """So many frames of a scan are done."""

    TYPE: ClassVar = "progress"
    scan_id: ScanId
    attempt: Attempt
    done: Annotated[Integer, Ge(0), Le(limits.MAX_FRAMES)]


@message
class Result:
    """Scores of a scan: float32, little-endian, row by row, shape (frames, terms)."""

    TYPE: ClassVar = "result"
    scan_id: ScanId
    attempt: Attempt
    frames: FrameCount
    terms: Annotated[Integer, Ge(1), Le(limits.MAX_TERMS)]
    scores: Annotated[bytes, Strict()] = field(repr=False)
    receive_ms: Milliseconds
    queue_ms: Milliseconds
    infer_ms: Milliseconds


@message
class Failure:
    """A scan failed on this scanner. The text names no content."""

    TYPE: ClassVar = "failure"
    scan_id: ScanId
    attempt: Attempt
    kind: FailureKind
    text: Text


@message
class Cancel:
    """Nobody wants this scan any more: drop it, with whatever frames are still to come."""

    TYPE: ClassVar = "cancel"
    scan_id: ScanId


@message
class Drain:
    """Push no more to me, or: you will be pushed no more. What is in flight is finished."""

    TYPE: ClassVar = "drain"
    reason: Text


@message
class Goodbye:
    """The sender closes now; nothing is in flight any more."""

    TYPE: ClassVar = "goodbye"
    reason: Text


@message
class Load:
    """How a scanner is doing; sent every two seconds. Capacity 0, or paused, means: push nothing now."""

    TYPE: ClassVar = "load"
    capacity: Capacity
    memory_used_bytes: Count
    memory_total_bytes: Count
    frames_per_s: Annotated[float, Strict(), Ge(0), Le(1e6)]
    paused: Annotated[bool, Strict()]
    reason: Text


FromScanner: TypeAlias = Hello | Ready | Received | Progress | Result | Failure | Drain | Goodbye | Load
FromCoordinator: TypeAlias = Welcome | Scan | Frame | Cancel | Drain | Goodbye
Message: TypeAlias = FromScanner | FromCoordinator
