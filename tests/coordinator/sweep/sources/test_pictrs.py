"""The listing of a pict-rs, where contents are removed while it is read."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from coordinator.pictrs.content import Key, StoredFormat
from coordinator.sweep.errors import SourceAwayError
from coordinator.sweep.sources.pictrs import PAGE, PictRsSource


class Pages:
    """As much of pict-rs as a listing asks: contents newest first, and the newest for a slug that is unknown."""

    def __init__(self, count: int) -> None:
        self.keys = [Key(f"{number:064x}", number, StoredFormat.PNG) for number in range(count)]
        self.asked = 0
        self.gone_after: dict[int, set[str]] = {}
        """Contents that are removed once so many pages were asked for."""
        self.fails = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        query = {name: values[0] for name, values in parse_qs(urlsplit(head.split(" ")[1]).query).items()}
        status, body = 200, self._page(query)
        if self.fails:
            self.fails -= 1
            status, body = 500, {"code": "internal"}
        data = json.dumps(body).encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data)
        await writer.drain()
        writer.close()

    def _page(self, query: dict[str, str]) -> dict[str, object]:
        self.asked += 1
        limit = int(query["limit"])
        slugs = [key.slug for key in self.keys]
        begin = slugs.index(query["slug"]) if query.get("slug") in slugs else 0
        shown, rest = self.keys[begin : begin + limit], self.keys[begin + limit :]
        page: dict[str, object] = {"limit": limit, "hashes": [{"hex": key.hex, "aliases": ["a"]} for key in shown]}
        if rest:
            page["next"] = rest[0].slug
        gone = self.gone_after.get(self.asked, set())
        self.keys = [key for key in self.keys if key.slug not in gone]
        return {"msg": "ok", "page": page}


@asynccontextmanager
async def served(pages: Pages) -> AsyncIterator[PictRsSource]:
    """Serve pages, and give a source that reads them."""
    server = await asyncio.start_server(pages.answer, "127.0.0.1", 0)
    source = PictRsSource(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "key")
    try:
        yield source
    finally:
        await source.close()
        server.close()


async def test_pictrs_lists_every_page() -> None:
    """Contents come page by page, with hash, size and aliases."""
    pages = Pages(2 * PAGE + 7)
    async with served(pages) as source:
        items = [item async for batch in source.listing() for item in batch]
    assert [item.sha256 for item in items] == [key.sha256 for key in pages.keys]
    assert (items[5].size_bytes, items[5].aliases) == (5, ("a",))
    assert pages.asked == 3


@pytest.mark.parametrize("gone", [[PAGE], [PAGE, PAGE - 1, PAGE - 2], list(range(PAGE + 1))])
async def test_pictrs_goes_on_when_the_next_content_was_removed(gone: list[int]) -> None:
    """Though pict-rs answers an unknown slug with its newest page, nothing that is left is skipped."""
    pages = Pages(3 * PAGE)
    keys = list(pages.keys)
    pages.gone_after = {1: {keys[place].slug for place in gone}}
    async with served(pages) as source:
        places = {item.place.decode() async for batch in source.listing() for item in batch}
    assert places >= {key.hex for place, key in enumerate(keys) if place not in gone}
    assert pages.asked < 15


async def test_pictrs_that_fails_to_list_is_asked_again_later() -> None:
    """A fault of pict-rs is one to wait for, not an end of the listing."""
    pages = Pages(3)
    pages.fails = 1
    async with served(pages) as source:
        with pytest.raises(SourceAwayError):
            _ = [batch async for batch in source.listing()]
        assert len([item async for batch in source.listing() for item in batch]) == 3


def test_pictrs_key_can_be_read_from_a_page() -> None:
    """A name as a page of hashes spells it gives the same key; anything else is refused."""
    key = Key("ab" * 32, 12345, StoredFormat.WEBP)
    assert Key.from_hex(key.hex) == key
    assert base64.urlsafe_b64decode(key.slug).hex() == key.hex
    for wrong in ("", "zz", key.hex[:-2], key.hex[:-2] + "ff"):
        with pytest.raises(ValueError, match=r"."):
            Key.from_hex(wrong)
