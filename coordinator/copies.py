"""Tell copies of blocked pictures by their likeness: resized and re-encoded ones have almost the same PDQ.

Likenesses are worked out, and compared, only while something is blocked, and only where the extra `pdq` is installed.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from coordinator.ledger.errors import LedgerError
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.likenesses import State
from coordinator.media.limited import Cutters
from coordinator.media.looks import Likeness

if TYPE_CHECKING:
    from coordinator.likeness_index import LikenessIndex

logger = logging.getLogger(__name__)

NEEDS_EXTRA = "needs the extra `pdq`: pip install 'fediward[pdq]'"


def extra_is_installed() -> bool:
    """Say whether likenesses can be worked out and compared here."""
    return find_spec("numpy") is not None


@dataclass(frozen=True, slots=True)
class Copied:
    """What an upload is a copy of."""

    source: str
    """The list that blocks it; empty for an admin."""
    sha256: str
    """The picture that an admin, or a list, blocked; empty for a line of a list that names no picture."""
    distance: int
    """Bits of the PDQ that differ."""

    def __str__(self) -> str:
        by = f"the list {self.source}" if self.source else "an admin"
        what = f"a copy of {self.sha256}" if self.sha256 else "like a picture on it"
        return f"blocked by {by}: {what}, {self.distance} of 256 bits differ"


class Copies:
    """Compare uploads with what is blocked. `load` it before the first upload; use it from one event loop only."""

    def __init__(
        self, *, ledger: Ledger, cutters: Cutters, distance: int, quality: int, has_extra: bool | None = None
    ) -> None:
        """Take how many bits may differ, and the least quality of a PDQ that counts."""
        self._ledger = ledger
        self._cutters = cutters
        self._distance = distance
        self._quality = quality
        self._has_extra = extra_is_installed() if has_extra is None else has_extra
        self._mark = -1
        self._state = State(removals=0, newest=0, blocks=False)
        self._index: LikenessIndex | None = None
        self._loading: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Copies of {len(self)} likenesses>"

    def __len__(self) -> int:
        return 0 if self._index is None else len(self._index)

    async def load(self) -> None:
        """Read what is blocked. Raises LedgerError."""
        mark = self._ledger.decisions_mark
        state = await self._ledger.likenesses.state()
        if self._has_extra:
            if state != self._state:
                await self._read(state)
            if state.blocks and not self._cutters.knows_likeness:
                await self._cutters.learn_likeness()
        elif state.newest and not self._state.newest:
            logger.warning("%d likenesses are blocked, and no copy is recognised: that %s", state.newest, NEEDS_EXTRA)
        self._state, self._mark = state, mark

    async def wanted(self, *, within_s: float) -> bool:
        """Say whether an upload should have its likeness worked out, after what was changed in the ledger was read.

        When that takes longer than `within_s`, the upload is compared with what was blocked before: the first block of
        all has the limited processes replaced.
        """
        if self._ledger.decisions_mark != self._mark:
            if self._loading is None:
                self._loading = asyncio.create_task(self._reload())
            await asyncio.wait({self._loading}, timeout=within_s)
        return self._has_extra and self._state.blocks

    def close(self) -> None:
        """Stop reading."""
        if self._loading is not None:
            self._loading.cancel()

    async def match(self, likeness: Likeness | None) -> Copied | None:
        """Say what an upload of this likeness is a copy of; None when it is of nothing that is blocked."""
        index = self._index
        if likeness is None or not index or likeness.quality < self._quality:
            return None
        near = await asyncio.to_thread(index.nearest, likeness.pdq, within=self._distance)
        if near is None:
            return None
        try:
            blocked = await self._ledger.blocked_by(near.pdq)
        except LedgerError as error:
            logger.warning("a copy of a blocked picture cannot be traced: %s", error)
            return Copied("", "", near.distance)
        return None if blocked is None else Copied(blocked.source, blocked.sha256, near.distance)

    async def _reload(self) -> None:
        try:
            await self.load()
        except LedgerError as error:
            logger.warning("copies are compared with what was blocked before: %s", error)
        finally:
            self._loading = None

    async def _read(self, state: State) -> None:
        grows = self._index is not None and state.removals == self._state.removals
        after = self._state.newest if grows else 0
        parts = [
            await asyncio.to_thread(bytes.fromhex, text)
            async for text in self._ledger.likenesses.slices(after, state.newest, least_quality=self._quality)
        ]
        self._index = await asyncio.to_thread(_indexed, self._index if grows else None, b"".join(parts))


def _indexed(index: LikenessIndex | None, pdqs: bytes) -> LikenessIndex:
    # Only here: most coordinators never need NumPy.
    from coordinator.likeness_index import LikenessIndex

    return LikenessIndex(pdqs) if index is None else index.extended(pdqs)
