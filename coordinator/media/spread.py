"""Choose moments over the whole length of an animation or video.

Pure: numbers in, numbers out.
"""

from __future__ import annotations

MOST_MOMENTS = 8
ORDER = (0, 4, 7, 2, 5, 1, 3, 6)
"""The eight places, first to last in time, in the order of their value: first, middle, last, then the widest gaps."""


def spread(count: int) -> tuple[int, ...]:
    """Return which of `count` frames to look at, at most eight, most valuable first; first and last are among them.

    Raises ValueError when there are none to choose from.
    """
    if count < 1:
        raise ValueError("no frames")
    steps = MOST_MOMENTS - 1
    places = (round(place * (count - 1) / steps) for place in ORDER)
    return tuple(dict.fromkeys(places))
