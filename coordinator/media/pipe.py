"""Lay down what goes through the pipes between the coordinator and a limited process.

Everything is of fixed shape, so that a process that has been taken over can only lie about pixels; the one length in
it goes to the process, never from it.

    coordinator → process   Setup once; then for each upload Request, followed by `length` bytes of body
    process → coordinator   READY once; then for each upload HEAD, LIKENESS where that is asked for (with its 32 bytes),
                            FRAME (each with its pixels) up to 16 times, DONE

Pure: packing and checking only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from coordinator.media.errors import Reason
from coordinator.media.limits import MAX_SIDE_PX, Limits
from coordinator.media.looks import Look, LookKind, Views
from coordinator.media.sniff import Format

MAX_AT_MS = 1 << 40
MAX_FRAME_SIDE = 1024
MAX_QUALITY = 100

_FORMATS = tuple(Format)
_KINDS = tuple(LookKind)
_VIEWS = tuple(Views)
_REASONS = tuple(Reason)

_SETUP = struct.Struct("!4sI?IQQQIdd")
_REQUEST = struct.Struct("!4sBBH?Qd")
_REPLY = struct.Struct("!BBBBIIQ")
_SETUP_MARK = b"fwS1"
_REQUEST_MARK = b"fwR1"

SETUP_BYTES = _SETUP.size
REQUEST_BYTES = _REQUEST.size
REPLY_BYTES = _REPLY.size


class Nonsense(ValueError):  # noqa: N818 -- it is what the bytes are
    """Tell that bytes from the other end of a pipe have no meaning here."""


class Fault(IntEnum):
    """How an upload ended in the limited process."""

    NONE = 0
    UNREADABLE = 1
    UNSUPPORTED = 2
    TOO_COSTLY = 3


class _Tag(IntEnum):
    READY = 1
    HEAD = 2
    FRAME = 3
    DONE = 4
    LIKENESS = 5


@dataclass(frozen=True, slots=True)
class Setup:
    """Tell a new process its bounds, and whose child it is (so that it notices when that one is gone already).

    `likeness` says that it may be asked for likenesses: it must load what they need before it closes its files.
    """

    parent_pid: int
    limits: Limits
    likeness: bool = False

    def pack(self) -> bytes:
        """Return the bytes of this message: `SETUP_BYTES` of them."""
        bounds = self.limits
        sizes = (bounds.side_px, bounds.still_px, bounds.total_px, bounds.address_bytes)
        rest = (*sizes, bounds.uploads, bounds.cpu_s, bounds.wall_s)
        return _SETUP.pack(_SETUP_MARK, self.parent_pid, self.likeness, *rest)

    @classmethod
    def unpack(cls, data: bytes) -> Setup:
        """Return the message in `data`; raise `Nonsense` when it is none."""
        if len(data) != SETUP_BYTES or data[:4] != _SETUP_MARK:
            raise Nonsense("setup")
        _, pid, likeness, *bounds = _SETUP.unpack(data)
        side, still, total, address, uploads, cpu_s, wall_s = bounds
        try:
            limits = Limits(
                side_px=side,
                still_px=still,
                total_px=total,
                address_bytes=address,
                cpu_s=cpu_s,
                wall_s=wall_s,
                uploads=uploads,
            )
        except ValueError:
            raise Nonsense("setup") from None
        return cls(pid, limits, likeness)


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for the frames of the `length_bytes` that follow, `size` pixels a side, within `budget_s` from now.

    `likeness` asks for that too.
    """

    format: Format
    views: Views
    size: int
    length_bytes: int
    budget_s: float
    likeness: bool = False

    def pack(self) -> bytes:
        """Return the bytes of this message: `REQUEST_BYTES` of them."""
        places = (_VIEWS.index(self.views), _FORMATS.index(self.format))
        return _REQUEST.pack(_REQUEST_MARK, *places, self.size, self.likeness, self.length_bytes, self.budget_s)

    @classmethod
    def unpack(cls, data: bytes) -> Request:
        """Return the message in `data`; raise `Nonsense` when it is none."""
        if len(data) != REQUEST_BYTES or data[:4] != _REQUEST_MARK:
            raise Nonsense("request")
        _, views, kind, size, likeness, length, budget_s = _REQUEST.unpack(data)
        if views >= len(_VIEWS) or kind >= len(_FORMATS) or not 1 <= size <= MAX_FRAME_SIDE:
            raise Nonsense("request")
        return cls(_FORMATS[kind], _VIEWS[views], size, length, budget_s, likeness)


@dataclass(frozen=True, slots=True)
class Ready:
    """Say that the codecs are loaded, and which seals are in force (a bit mask of `seal.Seal`)."""

    seals: int

    def pack(self) -> bytes:
        """Return the bytes of this message: `REPLY_BYTES` of them."""
        return _REPLY.pack(_Tag.READY, 0, 0, 0, self.seals, 0, 0)


@dataclass(frozen=True, slots=True)
class Head:
    """Say what the upload is, before the first frame of it."""

    format: Format
    width: int
    height: int

    def pack(self) -> bytes:
        """Return the bytes of this message: `REPLY_BYTES` of them."""
        return _REPLY.pack(_Tag.HEAD, _FORMATS.index(self.format), 0, 0, self.width, self.height, 0)


@dataclass(frozen=True, slots=True)
class Frame:
    """Announce the pixels of one look; `rank` orders them by value (0 first), whatever the order of cutting."""

    look: Look
    rank: int

    def pack(self) -> bytes:
        """Return the bytes of this message: `REPLY_BYTES` of them, to be followed by the pixels."""
        timed = self.look.at_ms is not None
        flags = int(self.look.over_black) | int(timed) << 1
        return _REPLY.pack(_Tag.FRAME, _KINDS.index(self.look.kind), flags, self.rank, 0, 0, self.look.at_ms or 0)


@dataclass(frozen=True, slots=True)
class Alike:
    """Announce the PDQ of the upload, whose quality is 0 to 100."""

    quality: int

    def pack(self) -> bytes:
        """Return the bytes of this message: `REPLY_BYTES` of them, to be followed by the PDQ's."""
        return _REPLY.pack(_Tag.LIKENESS, self.quality, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Done:
    """End an upload: how, why, whether frames are missing, and the time that it took here."""

    fault: Fault
    reason: Reason | None
    partial: bool
    decode_us: int

    def pack(self) -> bytes:
        """Return the bytes of this message: `REPLY_BYTES` of them."""
        reason = 0 if self.reason is None else 1 + _REASONS.index(self.reason)
        return _REPLY.pack(_Tag.DONE, self.fault, reason, int(self.partial), min(self.decode_us, 2**32 - 1), 0, 0)


Reply = Ready | Head | Alike | Frame | Done


def parse_reply(data: bytes) -> Reply:
    """Return the message in `data`, `REPLY_BYTES` from a process that nobody trusts; raise `Nonsense` if it is none.

    Every field is checked for its range; whether a message may come now is for the reader to say.
    """
    tag, a, b, c, x, y, z = _REPLY.unpack(data)
    match tag:
        case _Tag.READY:
            return Ready(x)
        case _Tag.HEAD if a < len(_FORMATS) and 1 <= x <= MAX_SIDE_PX and 1 <= y <= MAX_SIDE_PX:
            return Head(_FORMATS[a], x, y)
        case _Tag.LIKENESS if a <= MAX_QUALITY:
            return Alike(a)
        case _Tag.FRAME if a < len(_KINDS) and b < 4 and z <= MAX_AT_MS:
            return Frame(Look(_KINDS[a], z if b & 2 else None, bool(b & 1)), c)
        case _Tag.DONE if a in tuple(Fault) and b <= len(_REASONS) and c < 2:
            fault = Fault(a)
            if (fault is Fault.NONE) is not (b == 0):
                raise Nonsense("a fault without its reason")
            return Done(fault, None if b == 0 else _REASONS[b - 1], bool(c), x)
        case _:
            raise Nonsense(f"reply {tag}")
