"""Name what is cut out of an upload, and carry it to whoever judges it.

Pure: no codec, no clock, no input or output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

MAX_LOOKS = 16
"""Most frames of one upload: the upper end of what the wire to a scanner carries."""


class LookKind(StrEnum):
    """Why a frame was cut."""

    CENTRE = "centre"
    """The square in the middle, as wide as the shorter side: all that fedi-safety sees."""
    WHOLE = "whole"
    """The whole picture, letterboxed."""
    TILE = "tile"
    """A part beside the centre of a picture that is much longer than wide."""
    MOMENT = "moment"
    """The whole picture, letterboxed, at one moment of an animation or video."""


class Views(StrEnum):
    """How much of an upload to look at."""

    ALL = "all"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Look:
    """Describe one frame: what part of the upload it shows.

    `at_ms` is the place in an animation or video (None in a still); `over_black` says that transparent parts were
    filled with black instead of white.
    """

    kind: LookKind
    at_ms: int | None = None
    over_black: bool = False

    def __str__(self) -> str:
        text = self.kind.value if self.at_ms is None else f"{self.kind.value} {self.at_ms / 1000:.3f} s"
        return f"{text} over black" if self.over_black else text


PDQ_BYTES = 32


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a picture shares with its resized and re-encoded copies: its PDQ.

    `pdq` is 32 bytes, the same as its customary 64 digits in hex; `quality` says how much there is to tell it by, from
    0 (an even surface) to 100.
    """

    pdq: bytes = field(repr=False)
    quality: int

    def __post_init__(self) -> None:
        if len(self.pdq) != PDQ_BYTES or not 0 <= self.quality <= 100:
            raise ValueError(f"a PDQ of {len(self.pdq)} bytes, of quality {self.quality}")


@dataclass(frozen=True, slots=True)
class Cut:
    """Hold the frames of one upload, most valuable first.

    `looks` and `frames` have the same length, 1 to 16; each frame is `size * size * 3` bytes of RGB, uint8, row by row.
    `width` and `height` are of the upload as shown (orientation applied), in pixels. `partial` says that a limit, or
    damage further on, ended the cutting early. `decode_ms` is the limited process's own time for this upload.
    `likeness` is of the picture, or of an animation's first moment; None where it was not asked for, and of videos.
    """

    format: str
    width: int
    height: int
    size: int
    looks: tuple[Look, ...]
    frames: tuple[bytes, ...] = field(repr=False)
    partial: bool
    decode_ms: float
    likeness: Likeness | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.frames) <= MAX_LOOKS or len(self.looks) != len(self.frames):
            raise ValueError(f"{len(self.looks)} looks for {len(self.frames)} frames")
        if any(len(frame) != self.size * self.size * 3 for frame in self.frames):
            raise ValueError(f"a frame that is not {self.size} x {self.size} RGB")
