"""A histogram of margins, in characters. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

BIN = 0.01
"""Width of a bin, in units of similarity."""

FIRST, LAST = -0.25, 0.10
"""Margins beyond are counted in the outermost bins."""

BINS = round((LAST - FIRST) / BIN)

BAR_CHARACTERS = 50
PARTIAL = " ▏▎▍▌▋▊▉█"


class Histogram:
    """Count margins. A margin of 0 is not over a threshold: it counts below."""

    def __init__(self) -> None:
        self.counts = [0] * BINS

    def add(self, margin: float) -> None:
        """Count one."""
        place = math.ceil(round((margin - FIRST) / BIN, 6)) - 1
        self.counts[min(max(place, 0), BINS - 1)] += 1

    @property
    def shown(self) -> range:
        """The bins from the first to the last that holds something, and those at the threshold."""
        held = [place for place, count in enumerate(self.counts) if count]
        zero = round(-FIRST / BIN)
        return range(min([*held, zero - 1]), max([*held, zero]) + 1)

    def lines(self) -> Iterator[str]:
        """Yield a line for each bin: where it ends, a bar, and how many it holds; those above the threshold marked."""
        most = max(self.counts) or 1
        for place in self.shown:
            count = self.counts[place]
            eighths = math.ceil(count / most * BAR_CHARACTERS * 8)
            bar = PARTIAL[-1] * (eighths // 8) + PARTIAL[eighths % 8].strip()
            mark = "|" if low_of(place) >= -1e-9 else " "
            edge = "≤" if place == 0 else ">" if place == BINS - 1 else " "
            end = low_of(place) if place == BINS - 1 else low_of(place + 1)
            yield f"{edge}{end:+.2f} {mark} {bar} {count or ''}".rstrip()


def low_of(place: int) -> float:
    """Return where a bin begins."""
    return round(FIRST + place * BIN, 6)
