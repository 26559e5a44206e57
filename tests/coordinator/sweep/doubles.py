"""A store and a coordinator in memory, with the faults that tests ask for."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence

from coordinator.judge.outcomes import Answer, Outcome
from coordinator.sweep.asking import Told
from coordinator.sweep.budget import Budget
from coordinator.sweep.errors import FetchError, GoneError
from coordinator.sweep.flow import Flow
from coordinator.sweep.item import Item
from coordinator.sweep.look import Look
from coordinator.sweep.removal import Removal
from coordinator.sweep.row import Row
from coordinator.sweep.sources.source import NONE_MISSED, Source

BAD = b"bad"
LIMIT_BYTES = 1000


class Store:
    """Holds files by their places. What is in `faults` is raised once each, in order, instead of a fetch."""

    name = "memory"
    tells_time = False

    def __init__(self, **files: bytes) -> None:
        self.files = {place.encode(): content for place, content in files.items()}
        self.faults: list[Exception] = []
        self.fetched: list[bytes] = []
        self.pages: list[Sequence[Item] | Exception] = []
        """What a listing yields or raises; all files when it is empty."""

    def item(self, place: str) -> Item:
        """Return a file as a listing shows it."""
        content = self.files[place.encode()]
        return Item(place.encode(), self._tag(content), len(content))

    async def listing(
        self, since_s: float | None = None, missed: Mapping[bytes, float] = NONE_MISSED
    ) -> AsyncIterator[Sequence[Item]]:
        if not self.pages:
            yield [self.item(place.decode()) for place in self.files]
        while self.pages:
            page = self.pages.pop(0)
            if isinstance(page, Exception):
                raise page
            yield page

    async def fetch(self, item: Item) -> AsyncGenerator[bytes, None]:
        self.fetched.append(item.place)
        if self.faults:
            raise self.faults.pop(0)
        if item.place not in self.files:
            raise GoneError("it is not there any more")
        yield self.files[item.place]

    async def tag(self, item: Item) -> str:
        if item.place not in self.files:
            raise GoneError("it is not there any more")
        return self._tag(self.files[item.place])

    async def remove(self, item: Item) -> tuple[str, ...]:
        del self.files[item.place]
        return ()

    async def close(self) -> None:
        """Nothing is open."""

    def _tag(self, content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()[:8]


class Asked:
    """A coordinator that flags what begins with BAD. What is in `first` is told, or raised, before it judges."""

    def __init__(self, *first: Outcome | Exception, answer: Answer = Answer.REJECT) -> None:
        self.first = list(first)
        self.answer = answer
        self.remembers: dict[str, Outcome] = {}
        self.looked = 0
        self.short = 0
        """So many contents are judged in part only, which nobody remembers."""

    async def known(self, sha256: str) -> Told | None:
        outcome = self.remembers.get(sha256)
        return None if outcome is None else self._told(outcome, sha256, remembered=True)

    async def look(self, chunks: Sequence[bytes]) -> Told:
        self.looked += 1
        content = b"".join(chunks)
        sha256 = hashlib.sha256(content).hexdigest()
        if self.first:
            first = self.first.pop(0)
            if isinstance(first, Exception):
                raise first
            return self._told(first, sha256)
        outcome = Outcome.FLAGGED if content.startswith(BAD) else Outcome.CLEAN
        if self.short:
            self.short -= 1
            return self._told(outcome, sha256, partial=True)
        self.remembers[sha256] = outcome
        return self._told(outcome, sha256)

    def _told(self, outcome: Outcome, sha256: str, *, remembered: bool = False, partial: bool = False) -> Told:
        answer = self.answer if outcome in {Outcome.FLAGGED, Outcome.BLOCKED} else Answer.ACCEPT
        return Told(
            outcome=outcome, answer=answer, would_be=answer, sha256=sha256, remembered=remembered, partial=partial
        )


class Written:
    """Remembers the rows that are written before removals."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.rows: list[Row] = []
        self._then = then

    async def __call__(self, row: Row) -> None:
        self.rows.append(row)
        self._then()


def make_look(
    store: Source,
    asked: Asked,
    *,
    removal: Removal | None = None,
    purges: bool = True,
    written: Written | None = None,
    told: Written | None = None,
) -> Look:
    """Return a look whose pauses are short; `told` is what is awaited after removals."""
    return Look(
        source=store,
        removal=removal,
        purges=purges,
        before_removal=written or Written(),
        after_removal=told or Written(),
        asking=asked,
        flow=Flow(first_pause_s=0.001),
        budget=Budget(),
        body_limit_bytes=LIMIT_BYTES,
        first_pause_s=0.001,
    )


def unreadable(times: int) -> list[Exception]:
    """Return faults of so many fetches."""
    return [FetchError("it broke off")] * times
