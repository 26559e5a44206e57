"""Cut moments of animations and videos, and drop those that show what was seen before."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

from coordinator.media.cutter.picture import BLACK, hides_over_white, pixels
from coordinator.media.looks import Look, LookKind
from coordinator.media.pipe import Frame
from coordinator.media.spread import MOST_MOMENTS

_CELLS = (16, 16)
_NEAR = 8
"""How many of 255 levels a sixteenth by a sixteenth of a frame has to change for a moment to count as another one."""


class Moments:
    """Turn whole pictures, letterboxed, into the frames of moments: at most eight, and none that is near-equal."""

    def __init__(self) -> None:
        self._seen: list[bytes] = []

    def cut(self, frame: Image.Image, rank: int, at_ms: int) -> Iterator[tuple[Frame, bytes]]:
        """Yield a moment `at_ms` from the start, `rank` its place in the order of value; twice if white hides it."""
        cells = frame.resize(_CELLS, Image.Resampling.BOX).tobytes()
        if len(self._seen) >= MOST_MOMENTS or any(_near(cells, other) for other in self._seen):
            return
        self._seen.append(cells)
        yield Frame(Look(LookKind.MOMENT, at_ms), 2 * rank), pixels(frame)
        if hides_over_white(frame):
            yield Frame(Look(LookKind.MOMENT, at_ms, over_black=True), 2 * rank + 1), pixels(frame, BLACK)


def _near(one: bytes, other: bytes) -> bool:
    return len(one) == len(other) and all(abs(a - b) < _NEAR for a, b in zip(one, other, strict=True))
