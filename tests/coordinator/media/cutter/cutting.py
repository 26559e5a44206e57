"""Cut an upload in this process, through the code that runs in the limited one."""

from __future__ import annotations

from coordinator.media.cutter.likeness import Hasher
from coordinator.media.cutter.upload import cut_upload
from coordinator.media.errors import MediaError, TooCostly, Unreadable, Unsupported
from coordinator.media.exchange import Exchange
from coordinator.media.limits import Limits
from coordinator.media.looks import Cut, Views
from coordinator.media.pipe import Done, Fault, Request
from coordinator.media.sniff import HEAD_BYTES, sniff

SIZE = 64

_FAULTS = {Unreadable: Fault.UNREADABLE, Unsupported: Fault.UNSUPPORTED, TooCostly: Fault.TOO_COSTLY}


def cut(
    body: bytes,
    *,
    size: int = SIZE,
    views: Views = Views.ALL,
    limits: Limits | None = None,
    hasher: Hasher | None = None,
) -> Cut:
    """Return what is cut from `body`, partial where cutting ended early; raises what it raised before any frame."""
    limits = limits or Limits()
    kind = sniff(body[:HEAD_BYTES])
    assert kind is not None
    exchange = Exchange(size, likeness=hasher is not None)
    done = Done(Fault.NONE, None, False, 0)
    try:
        for message, pixels in cut_upload(body, Request(kind, views, size, len(body), 60.0), limits, hasher):
            if exchange.follow(message):
                exchange.add(pixels)
    except MediaError as error:
        done = Done(_FAULTS[type(error)], error.reason, False, 0)
    exchange.follow(done)
    return exchange.result()


def names(cut: Cut) -> list[str]:
    """Return the looks of a cut as they are called."""
    return [str(look) for look in cut.looks]
