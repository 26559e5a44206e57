"""The client of pict-rs: what can be asked of it, and what its answers mean."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx2
from pydantic import ValidationError

from coordinator.pictrs.answers import HashAnswer
from coordinator.pictrs.content import Content, Key
from coordinator.pictrs.errors import (
    CannotPurgeError,
    FaultError,
    NotServedError,
    StrangerError,
    UnreachableError,
)
from coordinator.pictrs.line import Line, fault_of

MOST_REDIRECTS = 3
"""pict-rs itself redirects once, to its public bucket."""

GONE_S = 10.0
"""pict-rs answers a purge before it is done, and works through its queue of removals one by one."""

MOST_ASKED = 10

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Stored:
    """One content that pict-rs keeps, and the aliases that lead to it."""

    key: Key
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Contents that pict-rs keeps, newest first."""

    contents: tuple[Stored, ...]
    next: str
    """The slug that the next page begins with; empty on the last one."""


@dataclass(frozen=True, slots=True)
class Original:
    """A file on its way from pict-rs, or from its public bucket."""

    redirected_to: str
    """The place in a public bucket, without what a signature or a password may stand in; empty when pict-rs itself
    hands the file out."""
    chunks: AsyncIterator[bytes]
    """Read it to its end. Raises NotServedError when there are more or fewer bytes than the content has."""


class PictRs:
    """Ask pict-rs what it keeps, fetch it, and have it removed.

    Every call raises UnreachableError, WrongKeyError and StrangerError; FaultError when pict-rs fails on this request.
    """

    def __init__(self, url: str, key: str, *, gone_s: float = GONE_S) -> None:
        """Take the address of pict-rs, the key of its internal API, and how long a purge may take."""
        self._line = Line(url, key)
        self._gone_s = gone_s

    def __repr__(self) -> str:
        return f"<PictRs {self._line.url}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._line.close()

    async def check(self) -> None:
        """Return when pict-rs is healthy, takes the key, and says what it keeps."""
        async with self._line.ask("GET", f"{self._line.url}/healthz") as answer:
            if answer.status_code != 200:
                raise UnreachableError(f"its health check gives {answer.status_code}")
        try:
            await self._page({"limit": "1"})
        except FaultError as error:
            raise UnreachableError(f"its page of hashes gives {error.status}") from error

    async def find(self, content: Content, *, all_formats: bool = False) -> tuple[Stored, ...]:
        """Return what pict-rs keeps of these bytes: nothing, or one entry a format.

        It is asked for the formats that the media type may stand for, or for all of them.
        """
        found = [await self.look(key) for key in content.possible_keys(all_formats=all_formats)]
        return tuple(stored for stored in found if stored is not None)

    async def look(self, key: Key) -> Stored | None:
        """Return what pict-rs keeps under this key."""
        answer = await self._page({"slug": key.slug, "limit": "1"})
        # For a key that it does not know it gives the newest content.
        return next((Stored(key, entry.aliases) for entry in answer.page.hashes if entry.hex == key.hex), None)

    async def page(self, *, limit: int, slug: str = "", before: datetime | None = None) -> Page:
        """Return contents from a slug on, or from what is older than a time on, or from the newest on.

        For a slug that it does not know pict-rs gives the newest contents: look at the first.
        """
        query = {"limit": str(limit)}
        if slug:
            query["slug"] = slug
        if before is not None:
            query["timestamp"] = before.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        page = (await self._page(query)).page
        try:
            contents = tuple(Stored(Key.from_hex(entry.hex), entry.aliases) for entry in page.hashes)
        except ValueError as error:
            raise StrangerError("its page of hashes names something that is no content") from error
        return Page(contents, page.next)

    async def purge(self, stored: Stored) -> tuple[str, ...]:
        """Remove a content with all its aliases; return them once it is gone.

        Raises CannotPurgeError when aliases are left: pict-rs passes over those without a delete token, and does
        nothing while it is read-only.
        """
        told: tuple[str, ...] = ()
        left = stored
        try:
            async with asyncio.timeout(self._gone_s):
                for pause_s in _pauses():
                    # Between the look and the purge somebody may have uploaded the same bytes: a new alias.
                    if new := [alias for alias in left.aliases if alias not in told]:
                        await self._tell_to_purge(left, new[0])
                        told += tuple(new)
                    await asyncio.sleep(pause_s)
                    found = await self.look(stored.key)
                    if found is None:
                        return told
                    left = found
        except TimeoutError:
            raise CannotPurgeError(left.aliases, await self._why_kept(left)) from None
        raise AssertionError("there is always another pause")

    @asynccontextmanager
    async def original(self, stored: Stored) -> AsyncIterator[Original]:
        """Fetch a content; leave the context to hang up.

        A redirect to a public bucket is followed. The key is not sent: who has an alias may have the file. Raises
        NotServedError.
        """
        if not stored.aliases:
            raise NotServedError("no alias leads to it")
        url = httpx2.URL(f"{self._line.url}/image/original/{quote(stored.aliases[0], safe='')}")
        redirected_to = ""
        for _ in range(1 + MOST_REDIRECTS):
            async with self._line.ask("GET", str(url)) as answer:
                if answer.status_code == 200:
                    yield Original(redirected_to, _exactly(answer, stored.key.size_bytes))
                    return
                if not answer.has_redirect_location:
                    raise NotServedError(f"status {answer.status_code} from {url.host}")
                url = _joined(url, answer.headers["Location"])
                redirected_to = _public(url)
        raise NotServedError(f"more than {MOST_REDIRECTS} redirects")

    async def vanishes(self, url: str) -> bool:
        """Wait until a public bucket no longer serves a file that was purged; False when it goes on doing so.

        pict-rs forgets a file before its store has deleted it, and says nothing when that fails.
        """
        try:
            async with asyncio.timeout(self._gone_s):
                for pause_s in _pauses():
                    async with self._line.ask("HEAD", url) as answer:
                        if answer.status_code != 200:
                            return True
                    await asyncio.sleep(pause_s)
        except (TimeoutError, UnreachableError):
            pass
        return False

    async def _why_kept(self, left: Stored) -> str:
        """Have the aliases deleted one by one: pict-rs denies that it knows one that has no delete token."""
        statuses = set()
        for alias in left.aliases[:MOST_ASKED]:
            async with self._line.ask_internally("POST", "delete", {"alias": alias}) as answer:
                statuses.add(answer.status_code)
        if statuses == {404}:
            return "they have no delete token, so that its API cannot remove them"
        return f"they are not gone within {self._gone_s:g} s"

    async def _tell_to_purge(self, stored: Stored, alias: str) -> None:
        async with self._line.ask_internally("POST", "purge", {"alias": alias}) as answer:
            fault = await fault_of(answer)
        if fault is None or fault.status == 404:
            # Somebody else removed it just now.
            return
        if fault.code == "read-only":
            raise CannotPurgeError(stored.aliases, "it is read-only")
        raise fault

    async def _page(self, query: dict[str, str]) -> HashAnswer:
        async with self._line.ask_internally("GET", "hashes", query) as answer:
            fault = await fault_of(answer)
            if fault is not None:
                raise StrangerError("it knows no /internal/hashes") if fault.status == 404 else fault
            try:
                return HashAnswer.model_validate_json(await answer.aread())
            except ValidationError as error:
                raise StrangerError("its page of hashes is malformed") from error


async def _exactly(answer: httpx2.Response, size_bytes: int) -> AsyncIterator[bytes]:
    left_bytes = size_bytes
    async for chunk in answer.aiter_bytes():
        left_bytes -= len(chunk)
        if left_bytes < 0:
            raise NotServedError("it has more bytes than the content")
        yield chunk
    if left_bytes:
        raise NotServedError(f"{left_bytes} of its {size_bytes} bytes are missing")


def _joined(url: httpx2.URL, location: str) -> httpx2.URL:
    try:
        to = url.join(location)
    except httpx2.InvalidURL:
        to = httpx2.URL()
    if to.scheme not in {"http", "https"} or not to.host:
        raise NotServedError("it redirects to something that is no web address")
    return to


def _public(url: httpx2.URL) -> str:
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _pauses() -> Iterator[float]:
    """Yield the pauses between two looks, without end."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
