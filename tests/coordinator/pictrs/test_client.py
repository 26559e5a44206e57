"""The client against a real pict-rs."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from coordinator.pictrs.client import PictRs, Stored
from coordinator.pictrs.content import Content
from coordinator.pictrs.errors import CannotPurgeError, UnreachableError, WrongKeyError
from tests.end_to_end import pictrs as real
from tests.end_to_end.sled import drop_delete_token

pytestmark = [pytest.mark.pictrs, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[real.PictRs]:
    """Run a pict-rs that asks nobody."""
    real.require()
    async with real.PictRs(tmp_path_factory.mktemp("pict-rs"), validation=None) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def client(server: real.PictRs) -> AsyncIterator[PictRs]:
    """A client with the right key."""
    async with PictRs(server.url, real.API_KEY) as made:
        yield made


def content_of(data: bytes, media_type: str = "image/png") -> Content:
    """Describe bytes as a debt does."""
    return Content(hashlib.sha256(data).hexdigest(), len(data), media_type)


async def upload(server: real.PictRs, data: bytes) -> str:
    """Store bytes; return their alias."""
    answer = await server.upload(data)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["files"][0]["file"])


async def found(client: PictRs, data: bytes) -> Stored:
    """Find bytes that are there once."""
    (stored,) = await client.find(content_of(data))
    return stored


async def test_client_check(client: PictRs) -> None:
    """A healthy pict-rs that takes the key: nothing to say."""
    await client.check()


async def test_client_find_by_bytes(server: real.PictRs, client: PictRs) -> None:
    """Bytes uploaded twice are found by their hash, with both aliases."""
    aliases = {await upload(server, b"twice" * 100) for _ in range(2)}
    stored = await found(client, b"twice" * 100)
    assert set(stored.aliases) == aliases
    assert len(aliases) == 2


@pytest.mark.parametrize("media_type", ["image/apng", "image/png", "", "text/plain"])
async def test_client_find_by_any_media_type_that_may_be(server: real.PictRs, client: PictRs, media_type: str) -> None:
    """What pict-rs calls a png is found by each media type that leaves that possible."""
    await upload(server, b"some png" * 100)
    assert len(await client.find(content_of(b"some png" * 100, media_type))) == 1


async def test_client_find_by_a_wrong_media_type(server: real.PictRs, client: PictRs) -> None:
    """A wrong media type finds nothing, unless all formats are asked for."""
    await upload(server, b"said to be a gif" * 100)
    content = content_of(b"said to be a gif" * 100, "image/gif")
    assert await client.find(content) == ()
    assert len(await client.find(content, all_formats=True)) == 1


async def test_client_find_unknown_bytes(server: real.PictRs, client: PictRs) -> None:
    """For an unknown slug pict-rs gives its newest file: that is not mistaken for what was asked for."""
    await upload(server, b"newest" * 100)
    assert await client.find(content_of(b"unknown")) == ()
    assert await client.find(content_of(b"unknown", "image/webp"), all_formats=True) == ()


async def test_client_original_gives_the_bytes(server: real.PictRs, client: PictRs) -> None:
    """The file comes as it was uploaded, from pict-rs itself."""
    data = b"original" * 50_000
    await upload(server, data)
    async with client.original(await found(client, data)) as original:
        assert b"".join([chunk async for chunk in original.chunks]) == data
        assert original.redirected_to == ""


async def test_client_purge_removes_all_aliases(server: real.PictRs, client: PictRs) -> None:
    """Two aliases of one file: both are gone when the call returns, the file soon after, other files stay."""
    await upload(server, b"stays" * 100)
    await server.stores_only(before := server.stored())
    aliases = {await upload(server, b"goes" * 100) for _ in range(2)}

    assert set(await client.purge(await found(client, b"goes" * 100))) == aliases

    assert await client.find(content_of(b"goes" * 100)) == ()
    assert [(await server.original(alias)).status_code for alias in aliases] == [404, 404]
    await server.stores_only(before)


async def test_client_purge_takes_an_alias_that_came_meanwhile(server: real.PictRs, client: PictRs) -> None:
    """An upload of the same bytes between the look and the purge does not survive it."""
    await upload(server, b"again" * 100)
    stored = await found(client, b"again" * 100)
    late = await upload(server, b"again" * 100)
    await client.purge(stored)
    assert await client.find(content_of(b"again" * 100)) == ()
    assert (await server.original(late)).status_code == 404


async def test_client_purge_of_what_is_gone(server: real.PictRs, client: PictRs) -> None:
    """Purging twice is no error."""
    await upload(server, b"once" * 100)
    stored = await found(client, b"once" * 100)
    await client.purge(stored)
    assert await client.purge(stored) == stored.aliases


async def test_client_wrong_key(server: real.PictRs) -> None:
    """Every call says in one sentence that the key is wrong, without showing it."""
    async with PictRs(server.url, "guessed") as client:
        for call in (client.check(), client.find(content_of(b"any"))):
            with pytest.raises(WrongKeyError, match=r"^pict-rs refuses FEDIWARD_PICTRS_API_KEY[^\n]+$") as caught:
                await call
            assert "guessed" not in str(caught.value)


async def test_client_purge_names_the_alias_without_a_delete_token(tmp_path: Path) -> None:
    """pict-rs passes over an alias without a delete token, and says nothing: the look afterwards finds it."""
    real.require()
    async with real.PictRs(tmp_path, validation=None) as server:
        goes, stays = [await upload(server, b"two aliases" * 100) for _ in range(2)]
        await server.stop()
        drop_delete_token(server.home, stays)
        await server.start()
        async with PictRs(server.url, real.API_KEY, gone_s=1.0) as client:
            stored = await found(client, b"two aliases" * 100)
            assert set(stored.aliases) == {goes, stays}
            with pytest.raises(CannotPurgeError, match="no delete token") as caught:
                await client.purge(stored)
        assert caught.value.aliases == (stays,)
        assert [(await server.original(alias)).status_code for alias in (goes, stays)] == [404, 200]


async def test_client_purge_while_pictrs_is_read_only(tmp_path: Path) -> None:
    """A pict-rs that may not change anything refuses at once, and says why."""
    real.require()
    async with real.PictRs(tmp_path, validation=None) as server:
        alias = await upload(server, b"kept" * 100)
        await server.stop()
        server.settings = {**server.settings, "server__read_only": "true"}
        await server.start()
        async with PictRs(server.url, real.API_KEY) as client:
            with pytest.raises(CannotPurgeError, match="it is read-only") as caught:
                await client.purge(await found(client, b"kept" * 100))
        assert caught.value.aliases == (alias,)


async def test_client_while_pictrs_is_down(tmp_path: Path) -> None:
    """Nobody there is said as such; once pict-rs is back, the same client goes on."""
    real.require()
    async with real.PictRs(tmp_path, validation=None) as server, PictRs(server.url, real.API_KEY) as client:
        await upload(server, b"survives" * 100)
        await server.stop()
        with pytest.raises(UnreachableError, match=r"^pict-rs cannot be reached: [^\n]+$"):
            await client.find(content_of(b"survives" * 100))
        await server.start()
        assert len(await client.find(content_of(b"survives" * 100))) == 1
