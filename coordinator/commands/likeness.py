"""Work out the likeness of a file, in a limited process as the coordinator does, for `ledger block --file`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from coordinator.media.limits import Limits
    from coordinator.media.looks import Likeness

FRAME_SIZE = 224
WITHIN_S = 30.0


def read_file(path: Path) -> tuple[str, bytes]:
    """Return the SHA-256 of a file in hex, and its bytes. Raises ConfigurationError when it cannot be read."""
    import hashlib

    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    return hashlib.sha256(body).hexdigest(), body


async def likenesses_of(bodies: Sequence[tuple[Path, bytes]], limits: Limits) -> list[Likeness | None]:
    """Return the likeness of each body; None, with a word on stderr, for one that has none."""
    from coordinator.copies import NEEDS_EXTRA, extra_is_installed
    from coordinator.media.errors import MediaError
    from coordinator.media.limited import Cutters
    from coordinator.media.looks import Views

    if not extra_is_installed():
        sys.stderr.write(f"Only these very bytes are blocked: recognising copies {NEEDS_EXTRA}.\n")
        return [None] * len(bodies)
    found: list[Likeness | None] = []
    async with Cutters(limits=limits, likeness=True) as cutters:
        for path, body in bodies:
            reason = "it is a video"
            likeness = None
            try:
                cut = await cutters.cut(
                    [body],
                    size=FRAME_SIZE,
                    views=Views.CENTRE,
                    lane_is_live=True,
                    deadline_s=asyncio.get_running_loop().time() + WITHIN_S,
                    likeness=True,
                )
                likeness = cut.likeness
            except MediaError as error:
                reason = str(error)
            if likeness is None:
                sys.stderr.write(f"{path}: only these very bytes are blocked, not copies: {reason}.\n")
            found.append(likeness)
    return found
