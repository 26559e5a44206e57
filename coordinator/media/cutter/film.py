"""Cut the moments of videos, decoding as little as possible."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from av import VideoFrame

from coordinator.media.cutter import reel
from coordinator.media.cutter.budget import Budget
from coordinator.media.cutter.moment import Moments
from coordinator.media.cutter.picture import Picture, boxed, centre, fitted, pixels
from coordinator.media.cutter.reel import Reel
from coordinator.media.cutter.still import Piece
from coordinator.media.errors import Reason, Unreadable
from coordinator.media.limits import Limits
from coordinator.media.looks import Look, LookKind, Views
from coordinator.media.pipe import Frame, Head
from coordinator.media.sniff import Format
from coordinator.media.spread import MOST_MOMENTS, ORDER

_ENOUGH_S = 1.0
"""Processor time after which no more moments are looked for between those that are there."""
_REORDER_S = 0.25
"""Longest time by which frames are decoded before they are shown, in what encoders make."""
_LAST = MOST_MOMENTS - 1


def cut_film(body: bytes, kind: Format, size: int, views: Views, limits: Limits, budget: Budget) -> Iterator[Piece]:
    """Yield what the video in `body` is, then its moments; raise a `MediaError` where there is none.

    When only the centre is asked for, that is the centre of its first frame.
    """
    try:
        track = Reel(body, kind, limits)
    except reel.DAMAGE as error:
        raise Unreadable(Reason.DOES_NOT_DECODE) from error
    try:
        first = track.next()
        if first is None:
            raise Unreadable(Reason.NO_PICTURE)
        shown = track.size(first)
        yield Head(kind, *shown), b""
        if views is Views.CENTRE:
            picture = Picture(track.image(first, shown), *shown)
            yield Frame(Look(LookKind.CENTRE), 0), pixels(centre(picture, size))
        else:
            yield from _Film(track, first, size, budget).moments()
    except reel.DAMAGE as error:
        raise Unreadable(Reason.DOES_NOT_DECODE) from error
    finally:
        track.close()


class _Film:
    """Look for the moments of one video: at eight times, for which a frame nearby that needs no other may stand in."""

    def __init__(self, track: Reel, first: VideoFrame, size: int, budget: Budget) -> None:
        self._track = track
        self._first = first
        self._size = size
        self._budget = budget
        self._moments = Moments()
        self._start = first.pts or 0
        self._position = self._start
        self._done: set[int] = set()
        self._plan(track.length)

    def moments(self) -> Iterator[Piece]:
        """Yield the moments: those that cost little, then the last one, then what has to be decoded for."""
        yield from self._cut(0, self._first)
        self._budget.check()
        self._track.hurry()
        self._position = self._start
        for place in ORDER:
            if place in self._wanted:
                yield from self._stand_in(place)
        yield from self._run(_LAST)
        for place in ORDER:
            if place in self._wanted and self._budget.cpu_s < _ENOUGH_S:
                yield from self._run(place)

    def _plan(self, length: int) -> None:
        """Set the times of the moments between the first and the last, for a video that is `length` ticks long."""
        self._length = length
        self._near = max(1, length // (2 * _LAST))
        self._delay = min(self._near, int(_REORDER_S / self._track.tick_s))
        places = range(1, _LAST) if length > 0 else ()
        self._wanted = {place: self._start + length * place // _LAST for place in places if place not in self._done}

    def _stand_in(self, place: int) -> Iterator[Piece]:
        """Cut the frame nearest to a moment that needs no other, if there is one near enough."""
        wanted = self._wanted[place]
        key = self._track.key_near(wanted, self._near)
        # An index has the times of decoding: a frame is shown somewhat later, and is not found when sought before that.
        if key is None or not self._track.seek(max(wanted, key + self._delay)):
            return
        frame = self._track.next()
        if frame is None:
            return
        self._position = self._time(frame)
        if abs(self._position - wanted) <= self._near:
            yield from self._cut(place, frame)
            self._budget.check()

    def _run(self, goal: int) -> Iterator[Piece]:
        """Decode up to the time of a moment, or to the end of the video for the last; cut those on the way as well."""
        target = self._start + self._length if goal == _LAST else self._wanted[goal]
        before: VideoFrame | None = None
        if (self._position > target or self._track.key_between(self._position, target)) and self._track.seek(target):
            self._position = -sys.maxsize
        while (frame := self._track.next()) is not None:
            yield from self._on_the_way(before, frame)
            before = frame
            self._position = self._time(frame)
            self._budget.check()
            if goal in self._done:
                return
            if goal != _LAST and self._position > target + self._near:
                break
        if goal != _LAST:
            self._wanted.pop(goal, None)
        elif before is not None:
            yield from self._cut(_LAST, before)
            length = self._position - self._start
            if abs(length - self._length) > self._near:
                # It is not as long as it says: what was taken for its middle is not.
                self._done = {0, _LAST}
                self._plan(length)

    def _on_the_way(self, before: VideoFrame | None, frame: VideoFrame) -> Iterator[Piece]:
        """Cut the moments that fall between two frames: the later one shows them if it is near, or else the earlier."""
        here = self._time(frame)
        since = here - self._near if before is None else self._position
        for place, time in tuple(self._wanted.items()):
            if since <= time <= here:
                later = before is None or here - time <= self._near
                yield from self._cut(place, frame if later or before is None else before)

    def _cut(self, place: int, frame: VideoFrame) -> Iterator[Piece]:
        self._done.add(place)
        self._wanted.pop(place, None)
        shown = self._track.size(frame)
        self._budget.add(shown[0] * shown[1])
        image = self._track.image(frame, fitted(*shown, self._size))
        at_ms = max(0, round((self._time(frame) - self._start) * self._track.tick_s * 1000))
        yield from self._moments.cut(boxed(image, self._size), ORDER.index(place), at_ms)

    def _time(self, frame: VideoFrame) -> int:
        """Return when a frame is shown, in ticks; where it does not say, that is after the one before."""
        return self._position + 1 if frame.pts is None else int(frame.pts)
