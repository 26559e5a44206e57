"""A running pict-rs: its contents newest first, by its internal API; their bytes by their aliases."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from coordinator.pictrs.client import Page, PictRs, Stored
from coordinator.pictrs.content import Key
from coordinator.pictrs.errors import (
    CannotPurgeError,
    FaultError,
    NotServedError,
    StrangerError,
    UnreachableError,
    WrongKeyError,
)
from coordinator.sweep.errors import FetchError, GoneError, RemovalError, SourceAwayError, SourceError
from coordinator.sweep.item import Item
from coordinator.sweep.sources.source import NONE_MISSED

PAGE = 100
"""For each content of a page that has none yet, pict-rs works out a small preview."""

ANCHORS = 5 * PAGE
"""Contents that a listing remembers: when the one to go on from was removed, it goes on from one of these."""

FETCH_S = 60.0


class PictRsSource:
    """Read what a pict-rs keeps. A place is pict-rs's own name of a content: hash, size and format."""

    tells_time = True

    def __init__(self, url: str, key: str) -> None:
        """Take the address of pict-rs and the key of its internal API."""
        self._pictrs = PictRs(url, key)
        self._url = url

    @property
    def name(self) -> str:
        """Where it is."""
        return f"pictrs+{self._url.rstrip('/')}"

    async def listing(
        self, since_s: float | None = None, missed: Mapping[bytes, float] = NONE_MISSED
    ) -> AsyncIterator[Sequence[Item]]:
        """Yield contents, newest first, down to those that are older than `since_s`."""
        older: frozenset[Key] = frozenset()
        if since_s is not None:
            before = await self._page(before=datetime.fromtimestamp(since_s, UTC))
            older = frozenset(stored.key for stored in before.contents)
        page = await self._page()
        passed: deque[Key] = deque(maxlen=ANCHORS)
        while True:
            contents = [stored for stored in page.contents if stored.key not in older]
            if contents:
                yield [_item(stored) for stored in contents]
            if len(contents) < len(page.contents) or not page.next:
                return
            # The last one first: `extendleft` turns them round.
            passed.extendleft(stored.key for stored in contents)
            page = await self._next(page.next, passed)

    async def fetch(self, item: Item) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a content."""
        stored = self._stored(item)
        with _translated():
            try:
                async with asyncio.timeout(FETCH_S), self._pictrs.original(stored) as original:
                    async for chunk in original.chunks:
                        yield chunk
            except TimeoutError:
                raise FetchError(f"it is not there within {FETCH_S:g} s") from None
            except NotServedError as error:
                if await self._pictrs.look(stored.key) is None:
                    raise GoneError("pict-rs does not know it any more") from error
                raise FetchError(str(error)) from error

    async def tag(self, item: Item) -> str:
        """Return the empty tag: what is behind a content's name does not change."""
        with _translated():
            if await self._pictrs.look(Key.from_hex(item.place.decode())) is None:
                raise GoneError("pict-rs does not know it any more")
        return ""

    async def remove(self, item: Item) -> tuple[str, ...]:
        """Purge a content with all its aliases, those included that it got since it was listed; return them."""
        with _translated(), _removing():
            stored = await self._pictrs.look(Key.from_hex(item.place.decode()))
            if stored is None:
                return ()
            bucket_url = await self._bucket_url(stored)
            aliases = await self._pictrs.purge(stored)
            if bucket_url and not await self._pictrs.vanishes(bucket_url):
                raise RemovalError(f"pict-rs has purged it, and its bucket still serves it: {bucket_url}")
            return aliases

    async def close(self) -> None:
        """Hang up."""
        await self._pictrs.__aexit__(None, None, None)

    def _stored(self, item: Item) -> Stored:
        return Stored(Key.from_hex(item.place.decode()), item.aliases)

    async def _bucket_url(self, stored: Stored) -> str:
        """Return where pict-rs redirects to, without reading the file."""
        try:
            async with asyncio.timeout(FETCH_S), self._pictrs.original(stored) as original:
                return original.redirected_to
        except (TimeoutError, NotServedError):
            return ""

    async def _page(self, *, slug: str = "", before: datetime | None = None) -> Page:
        try:
            with _translated():
                return await self._pictrs.page(limit=PAGE, slug=slug, before=before)
        except FetchError as error:
            raise SourceAwayError(f"pict-rs does not list its contents: {error}") from error

    async def _next(self, slug: str, passed: Sequence[Key]) -> Page:
        """Return the page from a slug on; when that was removed meanwhile, from the last one before it that is left."""
        page = await self._page(slug=slug)
        if page.contents and page.contents[0].key.slug == slug:
            return page
        # Further and further back: where one was removed, its neighbours often were as well.
        back = 1
        while back <= len(passed):
            key, back = passed[back - 1], 2 * back
            found = await self._page(slug=key.slug)
            if found.contents and found.contents[0].key == key:
                return found
        # Nothing is left of what was passed: begin anew. What is settled already is passed over.
        return await self._page()


def _item(stored: Stored) -> Item:
    key = stored.key
    return Item(
        place=key.hex.encode(), size_bytes=key.size_bytes, sha256=key.sha256, aliases=tuple(sorted(stored.aliases))
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except UnreachableError as error:
        raise SourceAwayError(str(error)) from error
    except (WrongKeyError, StrangerError) as error:
        raise SourceError(str(error)) from error
    except FaultError as error:
        raise FetchError(str(error)) from error


@contextmanager
def _removing() -> Iterator[None]:
    try:
        yield
    except (CannotPurgeError, FaultError) as error:
        raise RemovalError(str(error)) from error
