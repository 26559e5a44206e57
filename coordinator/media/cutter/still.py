"""Cut the looks of stills, decoding no more than they need."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image, ImageFile, JpegImagePlugin

from coordinator.media.cutter import jpeg, pillow
from coordinator.media.cutter.likeness import Hasher, alike
from coordinator.media.cutter.picture import (
    BLACK,
    Picture,
    centre,
    hides_over_white,
    is_square,
    pixels,
    take,
    tiles,
    whole,
)
from coordinator.media.errors import Reason, Unreadable
from coordinator.media.limits import Limits
from coordinator.media.looks import Look, LookKind, Views
from coordinator.media.pipe import Alike, Frame, Head
from coordinator.media.sniff import Format

Piece = tuple[Head | Alike | Frame, bytes]

MOST_LOOKS = 4
_DRAFT_GAP = 1.5
"""How many times the frame's resolution a JPEG keeps when it is decoded at a reduced size."""


def cut_still(
    body: bytes, kind: Format, size: int, views: Views, limits: Limits, hasher: Hasher | None = None
) -> Iterator[Piece]:
    """Yield what the picture in `body` is, then its likeness by `hasher`, if any, and its frames.

    Raises a `MediaError` where there is none.
    """
    try:
        image = pillow.opened(body, kind, limits)
        picture = _decoded(image, body, size)
    except pillow.DAMAGE as error:
        raise Unreadable(Reason.DOES_NOT_DECODE) from error
    yield Head(kind, picture.width, picture.height), b""
    yield from alike(picture, hasher)
    for rank, (look, frame) in enumerate(_looks(picture, size, views)):
        if rank < MOST_LOOKS:
            yield Frame(look, rank), pixels(frame, BLACK) if look.over_black else pixels(frame)


def _looks(picture: Picture, size: int, views: Views) -> Iterator[tuple[Look, Image.Image]]:
    """Yield the looks of a picture, most valuable first."""
    middle = centre(picture, size)
    yield Look(LookKind.CENTRE), middle
    if views is Views.CENTRE:
        return
    if is_square(picture, size):
        if hides_over_white(middle):
            yield Look(LookKind.CENTRE, over_black=True), middle
        return
    everything = whole(picture, size)
    yield Look(LookKind.WHOLE), everything
    for kind, frame in ((LookKind.CENTRE, middle), (LookKind.WHOLE, everything)):
        if hides_over_white(frame):
            yield Look(kind, over_black=True), frame
    for tile in tiles(picture, size):
        yield Look(LookKind.TILE), tile


def _decoded(image: ImageFile.ImageFile, body: bytes, size: int) -> Picture:
    width, height = image.size
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        least = int(size * _DRAFT_GAP)
        image = jpeg.loaded(image, body, (least, least))
    else:
        image.load()
    turn = pillow.orientation(image)
    reduced = max(1, round(width / image.width))
    return take(image, width=width, height=height, size=size, reduced=reduced, orientation=turn)
