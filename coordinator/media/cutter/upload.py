"""Cut one upload, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator

from coordinator.media.cutter import film, pillow, reel
from coordinator.media.cutter.animation import cut_animation
from coordinator.media.cutter.budget import Budget
from coordinator.media.cutter.still import Piece, cut_still
from coordinator.media.limits import Limits
from coordinator.media.pipe import Request
from coordinator.media.sniff import Kind, sniff


def prepare(limits: Limits) -> None:
    """Set the codecs to the limits of this process. All of them are loaded by now: soon no file can be opened."""
    pillow.prepare(limits)
    reel.prepare()


def cut_upload(body: bytes, request: Request, limits: Limits) -> Iterator[Piece]:
    """Yield what the upload in `body` is, then its frames; raise a `MediaError` where there is none."""
    budget = Budget(limits, request.budget_s)
    # The coordinator looked at the beginning only, where an animation does not always say that it is one.
    kind = sniff(body) or request.format
    match kind.kind:
        case Kind.STILL:
            return cut_still(body, kind, request.size, request.views, limits)
        case Kind.ANIMATION:
            return cut_animation(body, kind, request.size, request.views, limits, budget)
        case Kind.VIDEO:
            return film.cut_film(body, kind, request.size, request.views, limits, budget)
