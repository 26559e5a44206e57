"""Cut the moments of animated pictures."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image, ImageFile

from coordinator.media.cutter import pillow
from coordinator.media.cutter.budget import Budget
from coordinator.media.cutter.likeness import Hasher, alike
from coordinator.media.cutter.moment import Moments
from coordinator.media.cutter.picture import Picture, take, whole
from coordinator.media.cutter.still import Piece, cut_still
from coordinator.media.errors import Reason, TooCostly, Unreadable
from coordinator.media.limits import Limits
from coordinator.media.looks import Views
from coordinator.media.pipe import Head
from coordinator.media.sniff import Format
from coordinator.media.spread import spread


class _NoMoreFrames(Exception):  # noqa: N818 -- it is an end, not an error
    """Tell that an animation has fewer frames than it says, how many, and whether it breaks off there."""

    def __init__(self, count: int, *, damaged: bool) -> None:
        super().__init__(count)
        self.count = count
        self.damaged = damaged


class _Strip:
    """Go through the frames of an animation, forwards."""

    def __init__(self, image: ImageFile.ImageFile, limits: Limits, budget: Budget) -> None:
        self._image = image
        self._limits = limits
        self._budget = budget
        self._elapsed_ms = 0.0
        self._turn = pillow.orientation(image)

    def go(self, place: int, size: int) -> tuple[Picture, int]:
        """Return the frame at `place`, which is not before the last one, and its time in ms. Raises _NoMoreFrames."""
        image = self._image
        while (here := image.tell()) < place:
            self._elapsed_ms += max(0, image.info.get("duration", 0))
            try:
                image.seek(here + 1)
            except pillow.DAMAGE as error:
                raise _NoMoreFrames(here + 1, damaged=not isinstance(error, EOFError)) from None
            # A frame can be larger than the first one, and with it all that follow.
            pillow.check_size(*image.size, self._limits)
            self._budget.check()
        self._budget.add(image.width * image.height)
        image.load()
        at_ms = round(image.info.get("timestamp", self._elapsed_ms))
        return take(image, width=image.width, height=image.height, size=size, orientation=self._turn), at_ms


def cut_animation(
    body: bytes,
    kind: Format,
    size: int,
    views: Views,
    limits: Limits,
    budget: Budget,
    hasher: Hasher | None = None,
) -> Iterator[Piece]:
    """Yield what the animation in `body` is, then the likeness of its first moment by `hasher`, if any, its moments.

    An animation of one frame is cut like a still, and so is any one when only the centre is asked for. Raises a
    `MediaError` where there is none.
    """
    try:
        image = pillow.opened(body, kind, limits)
        still = views is Views.CENTRE or not getattr(image, "is_animated", False)
    except pillow.DAMAGE as error:
        raise Unreadable(Reason.DOES_NOT_DECODE) from error
    if still:
        yield from cut_still(body, kind, size, views, limits, hasher)
        return
    try:
        yield from _moments(image, body, kind, size, limits, budget, hasher)
    except Image.DecompressionBombError as error:
        raise TooCostly(Reason.TOO_MANY_PIXELS) from error
    except pillow.DAMAGE as error:
        raise Unreadable(Reason.DOES_NOT_DECODE) from error


def _moments(
    image: ImageFile.ImageFile,
    body: bytes,
    kind: Format,
    size: int,
    limits: Limits,
    budget: Budget,
    hasher: Hasher | None,
) -> Iterator[Piece]:
    moments = Moments()
    strip = _Strip(image, limits, budget)
    picture, at_ms = strip.go(0, size)
    yield Head(kind, picture.width, picture.height), b""
    yield from alike(picture, hasher)
    yield from moments.cut(whole(picture, size), 0, at_ms)
    budget.check()
    order = spread(getattr(image, "n_frames", 1))
    try:
        yield from _later(strip, order, size, moments)
    except _NoMoreFrames as end:
        again = _Strip(pillow.opened(body, kind, limits), limits, budget)
        yield from _later(again, spread(end.count), size, moments)
        if end.damaged:
            raise Unreadable(Reason.DOES_NOT_DECODE) from None


def _later(strip: _Strip, order: tuple[int, ...], size: int, moments: Moments) -> Iterator[Piece]:
    """Yield the moments after the first in the order of time, as most formats decode forwards only."""
    for place in sorted(order)[1:]:
        picture, at_ms = strip.go(place, size)
        yield from moments.cut(whole(picture, size), order.index(place), at_ms)
