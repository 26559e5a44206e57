"""The way of one file of a sweep: known by its hash, or fetched and looked at; then left, or removed."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from coordinator.judge.outcomes import JUDGED_BAD, OWED, UNSEEN, Answer, Outcome
from coordinator.sweep.asking import Told
from coordinator.sweep.budget import Budget
from coordinator.sweep.errors import AwayError, FetchError, GoneError, RemovalError, SourceAwayError
from coordinator.sweep.flow import Flow
from coordinator.sweep.hunch import Hunch
from coordinator.sweep.item import Item
from coordinator.sweep.removal import Removal
from coordinator.sweep.row import FAILED, GONE, Action, Row
from coordinator.sweep.sources.source import Source

FETCH_TRIES = 6
FIRST_PAUSE_S = 0.2
"""Before a file is fetched again; doubled each time, and shaken."""

AWAY_TRIES = 10
"""While the store does not answer, files wait for it, longer each time; these are some minutes for each of them."""

LOOK_TRIES = 3
"""For a file that is judged too late or in part, or that scanners fail on; while nobody is there it waits for ever."""

ASK_FIRST_BYTES = 64 * 1024
"""From so many on, the hash may be asked about before the bytes are sent: see `Hunch`."""

CHANGED = "it changed after it was looked at; the next sweep looks again"

IN_WORDS = {
    Outcome.NO_SCANNER: "no scanner is there",
    Outcome.OVERLOADED: "the coordinator has no room",
    Outcome.TIMED_OUT: "the answers are late",
}

NOBODY_THERE = frozenset({Outcome.NO_SCANNER, Outcome.OVERLOADED})


class Asker(Protocol):
    """What is needed of the line to the coordinator: see `asking.Asking`."""

    async def known(self, sha256: str) -> Told | None:
        """Return what is known of a content; None when its bytes have to be sent."""

    async def look(self, chunks: Sequence[bytes]) -> Told:
        """Have a content looked at."""


@dataclass(slots=True)
class Fetched:
    """The bytes of a file."""

    chunks: list[bytes] = field(default_factory=list, repr=False)
    size_bytes: int = 0
    sha256: str = ""
    is_whole: bool = True
    """False when there are more than the coordinator takes."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a file; `told` is None when nobody could say."""

    row: Row
    told: Told | None = None


class Look:
    """Settle one file after the other, several at once."""

    def __init__(
        self,
        *,
        source: Source,
        removal: Removal | None,
        purges: bool = False,
        asking: Asker,
        before_removal: Callable[[Row], Awaitable[None]],
        after_removal: Callable[[Row], Awaitable[None]],
        flow: Flow,
        budget: Budget,
        body_limit_bytes: int,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        """Take how files are removed, whether they are, and what is awaited before and after."""
        self._source = source
        self._removal = removal
        self._purges = purges
        self._asking = asking
        self._before_removal = before_removal
        self._after_removal = after_removal
        self._flow = flow
        self._budget = budget
        self._body_limit_bytes = body_limit_bytes
        self._first_pause_s = first_pause_s
        self._hunch = Hunch()

    async def settle(self, item: Item, known: Row | None, run: int) -> Settled:
        """Find out what a file is and do what is to be done about it. Raises RefusedError and StrangerError."""
        if known is not None and known.action is Action.REMOVING and await self._is_gone(item):
            row = replace(known, run=run, action=Action.REMOVED, reason="its removal was broken off, and it is gone")
            await self._after_removal(row)
            return Settled(row)
        row = Row(item.place, item.tag, item.size_bytes, run, FAILED, aliases=item.aliases)
        if item.fault:
            return Settled(replace(row, reason=item.fault))
        sha256 = known.sha256 if known is not None and known.tag == item.tag else item.sha256
        try:
            told = await self._known(sha256) if sha256 else None
            if told is None and item.size_bytes > self._body_limit_bytes:
                limit = f"more than {self._body_limit_bytes} bytes"
                return Settled(replace(row, outcome=str(Outcome.TOO_LARGE), reason=limit))
            if told is None:
                async with self._budget.hold(item.size_bytes):
                    told = await self._look(item, is_new=not sha256)
        except GoneError as error:
            return Settled(replace(row, outcome=GONE, reason=str(error)))
        except FetchError as error:
            return Settled(replace(row, reason=str(error)))
        row = replace(row, outcome=str(told.outcome), sha256=told.sha256, parts=told.parts, reason=told.reason)
        if told.outcome in JUDGED_BAD:
            row = await self._act(item, row, told)
        return Settled(row, told)

    async def _is_gone(self, item: Item) -> bool:
        async with self._flow.turn(is_new=False):
            try:
                await self._source.tag(item)
            except GoneError:
                return True
            except (FetchError, SourceAwayError):
                return False
        return False

    async def _known(self, sha256: str) -> Told | None:
        is_new = True
        while True:
            async with self._flow.turn(is_new=is_new):
                began_s = asyncio.get_running_loop().time()
                try:
                    told = await self._asking.known(sha256)
                except AwayError as error:
                    self._flow.turned_away(str(error))
                    is_new = False
                    continue
                self._flow.went_well(asyncio.get_running_loop().time() - began_s)
                return told

    async def _look(self, item: Item, *, is_new: bool) -> Told:
        fetched: Fetched | None = None
        tries = away = 0
        while True:
            async with self._flow.turn(is_new=is_new):
                is_new = False
                if fetched is None:
                    try:
                        fetched = await self._fetch(item)
                    except SourceAwayError as error:
                        away += 1
                        if away == AWAY_TRIES:
                            raise FetchError(str(error)) from error
                        self._flow.turned_away(str(error))
                        continue
                began_s = asyncio.get_running_loop().time()
                try:
                    told = await self._ask(fetched)
                except AwayError as error:
                    self._flow.turned_away(str(error))
                    continue
                took_s = asyncio.get_running_loop().time() - began_s
            if told.outcome in UNSEEN:
                self._flow.turned_away(IN_WORDS[told.outcome])
            else:
                self._flow.went_well(took_s)
            fault = _fault(told)
            if not fault:
                return told
            tries += told.outcome not in NOBODY_THERE
            if tries == LOOK_TRIES:
                raise FetchError(fault)

    async def _ask(self, fetched: Fetched) -> Told:
        if not fetched.is_whole:
            limit = f"more than {self._body_limit_bytes} bytes"
            return Told(
                outcome=Outcome.TOO_LARGE, answer=Answer.ACCEPT, would_be=Answer.ACCEPT, sha256="", reason=limit
            )
        if fetched.size_bytes == 0:
            return Told(
                outcome=Outcome.UNREADABLE,
                answer=Answer.ACCEPT,
                would_be=Answer.ACCEPT,
                sha256=fetched.sha256,
                reason="it is empty",
            )
        if fetched.size_bytes >= ASK_FIRST_BYTES and self._hunch.is_worth_asking():
            told = await self._asking.known(fetched.sha256)
            self._hunch.note(is_known=told is not None)
            if told is not None:
                return told
        told = await self._asking.look(fetched.chunks)
        if told.remembered:
            self._hunch.note(is_known=True)
        return told

    async def _fetch(self, item: Item) -> Fetched:
        pause_s = self._first_pause_s
        for left in reversed(range(FETCH_TRIES)):
            try:
                return await self._fetch_once(item)
            except FetchError:
                if not left:
                    raise
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s *= 2
        raise AssertionError("the last try returns or raises")

    async def _fetch_once(self, item: Item) -> Fetched:
        fetched = Fetched()
        digest = hashlib.sha256()
        # Closed here, whatever happens: it may hold a connection, and a timer that would cancel this task.
        async with aclosing(self._source.fetch(item)) as chunks:
            async for chunk in chunks:
                fetched.size_bytes += len(chunk)
                if fetched.size_bytes > self._body_limit_bytes:
                    return Fetched(is_whole=False)
                digest.update(chunk)
                fetched.chunks.append(chunk)
        fetched.sha256 = digest.hexdigest()
        return fetched

    async def _act(self, item: Item, row: Row, told: Told) -> Row:
        """Remove what was found, if that is wanted; return what came of it."""
        if self._removal is None:
            return replace(row, action=Action.REPORTED)
        if not self._purges or told.answer is not Answer.REJECT:
            return replace(row, action=Action.REPORTED, aliases=await self._aliases(self._removal, item, row))
        row = await self._remove(self._removal, item, row, told)
        if row.reason != CHANGED:
            await self._after_removal(row)
        return row

    async def _aliases(self, removal: Removal, item: Item, row: Row) -> tuple[str, ...]:
        """Return the other names of a file that is only reported, where they are known."""
        with suppress(RemovalError, SourceAwayError):
            return await removal.aliases(item, row.sha256)
        return row.aliases

    async def _remove(self, removal: Removal, item: Item, row: Row, told: Told) -> Row:
        for left in reversed(range(AWAY_TRIES)):
            async with self._flow.turn(is_new=False):
                try:
                    row = await self._remove_once(removal, item, row, told)
                except SourceAwayError as error:
                    row = replace(row, action=Action.KEPT, reason=str(error))
                    if left:
                        self._flow.turned_away(str(error))
                else:
                    self._flow.went_well(0.0)
                    break
        return row

    async def _remove_once(self, removal: Removal, item: Item, row: Row, told: Told) -> Row:
        try:
            if await self._source.tag(item) != item.tag:
                return replace(row, action=Action.KEPT, reason=CHANGED)
            aliases = await removal.aliases(item, told.sha256)
            row = replace(row, action=Action.REMOVING, aliases=aliases or row.aliases, reason=told.reason)
            await self._before_removal(row)
            # Again, now that all is written down: the less time is left for a change, the better.
            if await self._source.tag(item) != item.tag:
                return replace(row, action=Action.KEPT, reason=CHANGED)
            aliases = await removal.remove(item, told.sha256)
        except GoneError:
            return replace(row, action=Action.REMOVED, reason="it was gone before it was removed")
        except (RemovalError, FetchError) as error:
            return replace(row, action=Action.KEPT, reason=str(error))
        return replace(row, action=Action.REMOVED, aliases=aliases or row.aliases)


def _fault(told: Told) -> str:
    """Say why a content has to be looked at again; empty where it is known what it is."""
    if told.outcome in OWED:
        return f"nobody could look at it: {told.outcome}"
    return "only a part of it could be looked at" if told.partial and told.outcome is Outcome.CLEAN else ""
