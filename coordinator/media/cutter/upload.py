"""Cut one upload, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coordinator.media.cutter import film, pillow, reel
from coordinator.media.cutter.animation import cut_animation
from coordinator.media.cutter.budget import Budget
from coordinator.media.cutter.still import Piece, cut_still
from coordinator.media.limits import Limits
from coordinator.media.pipe import Request
from coordinator.media.sniff import Kind, sniff

if TYPE_CHECKING:
    from coordinator.media.cutter.likeness import Hasher


def prepare(limits: Limits, *, likeness: bool = False) -> Hasher | None:
    """Set the codecs to the limits of this process. All of them are loaded by now: soon no file can be opened.

    Return what works out likenesses, where that will be asked for: it needs the extra `pdq`.
    """
    pillow.prepare(limits)
    reel.prepare()
    if not likeness:
        return None
    from coordinator.media.cutter import pdq

    return pdq.likeness_of


def cut_upload(body: bytes, request: Request, limits: Limits, hasher: Hasher | None = None) -> Iterator[Piece]:
    """Yield what the upload in `body` is, then its likeness by `hasher`, if any, and its frames.

    Raises a `MediaError` where there is none. Videos have no likeness.
    """
    budget = Budget(limits, request.budget_s)
    # The coordinator looked at the beginning only, where an animation does not always say that it is one.
    kind = sniff(body) or request.format
    match kind.kind:
        case Kind.STILL:
            return cut_still(body, kind, request.size, request.views, limits, hasher)
        case Kind.ANIMATION:
            return cut_animation(body, kind, request.size, request.views, limits, budget, hasher)
        case Kind.VIDEO:
            return film.cut_film(body, kind, request.size, request.views, limits, budget)
