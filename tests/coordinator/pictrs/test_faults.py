"""The client against whatever may answer in place of pict-rs, or behind it: real sockets, scripted answers."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from coordinator.pictrs.client import MOST_REDIRECTS, PictRs, Stored
from coordinator.pictrs.content import Content, Key, StoredFormat
from coordinator.pictrs.errors import (
    CannotPurgeError,
    FaultError,
    NotServedError,
    PictRsError,
    StrangerError,
    UnreachableError,
    WrongKeyError,
)
from tests.coordinator.pictrs.scripted import Reply, Server

SECRET = "s3cret"
DATA = b"some bytes"
KEY = Key("ab" * 32, len(DATA), StoredFormat.JPEG)
STORED = Stored(KEY, ("a b/c.jpg",))
CONTENT = Content(KEY.sha256, KEY.size_bytes, "image/jpeg")
ORIGINAL = "/image/original/a%20b%2Fc.jpg"
HASHES = "/internal/hashes"
PURGE = "/internal/purge"


def page(*entries: tuple[str, list[str]]) -> Reply:
    """Answer with a page of hashes."""
    hashes = [{"hex": key, "aliases": aliases, "details": None} for key, aliases in entries]
    return Reply(body=json.dumps({"msg": "ok", "page": {"limit": 1, "hashes": hashes}}).encode())


async def fetched(client: PictRs, stored: Stored = STORED) -> tuple[bytes, str]:
    """Fetch a file; return its bytes and where pict-rs redirected to."""
    async with client.original(stored) as original:
        return b"".join([chunk async for chunk in original.chunks]), original.redirected_to


async def test_client_follows_to_the_bucket_without_the_key() -> None:
    """A redirect to another server is followed; that server sees no key, and neither does the public path here."""
    async with Server({"/bucket/file.jpg": Reply(body=DATA)}) as bucket:
        location = {"Location": f"{bucket.url}/bucket/file.jpg?signature=x"}
        async with Server({ORIGINAL: Reply(303, headers=location)}) as server, PictRs(server.url, SECRET) as client:
            assert await fetched(client) == (DATA, f"{bucket.url}/bucket/file.jpg")
    (asked,), (followed,) = server.requests, bucket.requests
    assert followed[0] == "GET /bucket/file.jpg?signature=x HTTP/1.1"
    assert "x-api-token" not in asked[1]
    assert "x-api-token" not in followed[1]
    assert SECRET not in f"{asked}{followed}"


async def test_client_sends_the_key_to_the_internal_api_only() -> None:
    """The key goes with the question for a hash."""
    async with Server({HASHES: page((KEY.hex, ["x.jpg"]))}) as server, PictRs(server.url + "/", SECRET) as client:
        assert await client.find(CONTENT) == (Stored(KEY, ("x.jpg",)),)
    ((line, headers),) = server.requests
    assert line == f"GET /internal/hashes?slug={KEY.slug}&limit=1 HTTP/1.1"
    assert headers["x-api-token"] == SECRET


@pytest.mark.parametrize("status", [301, 303, 307])
async def test_client_does_not_carry_the_key_along_a_redirect(status: int) -> None:
    """An internal call that redirects is no pict-rs: nobody else is asked."""
    async with Server({}) as elsewhere:
        moved = Reply(status, headers={"Location": f"{elsewhere.url}/"})
        async with Server({HASHES: moved, PURGE: moved}) as server, PictRs(server.url, SECRET) as client:
            with pytest.raises(StrangerError, match="it redirects"):
                await client.find(CONTENT)
            with pytest.raises(StrangerError, match="it redirects"):
                await client.purge(STORED)
    assert elsewhere.requests == []


async def test_client_ends_a_chain_of_redirects() -> None:
    """A server that redirects for ever is asked a few times only."""
    turn = Reply(302, headers={"Location": ORIGINAL})
    async with Server({ORIGINAL: turn}) as server, PictRs(server.url, SECRET) as client:
        with pytest.raises(NotServedError, match="redirects"):
            await fetched(client)
    assert len(server.requests) == 1 + MOST_REDIRECTS


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/file", "file:///etc/passwd", "http://[::1", "mailto:x@example.org"]
)
async def test_client_follows_to_web_addresses_only(location: str) -> None:
    """A redirect to anything else is an error, not an attempt."""
    async with (
        Server({ORIGINAL: Reply(303, headers={"Location": location})}) as server,
        PictRs(server.url, SECRET) as client,
    ):
        with pytest.raises(NotServedError, match="no web address"):
            await fetched(client)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(404, b"a picture that says: not found"), "status 404"),
        (Reply(200, DATA + b"!"), "more bytes"),
        (Reply(200, DATA[:-1]), "1 of its 10 bytes are missing"),
        (Reply(200, b""), "10 of its 10 bytes are missing"),
        (Reply(500, b'{"code":"not-found"}'), "status 500"),
    ],
)
async def test_client_original_is_all_of_it_or_an_error(reply: Reply, says: str) -> None:
    """Other statuses, and more or fewer bytes than the content has, are errors; pict-rs answers 404 with a picture."""
    async with Server({ORIGINAL: reply}) as server, PictRs(server.url, SECRET) as client:
        with pytest.raises(NotServedError, match=says):
            await fetched(client)


async def test_client_original_without_alias_is_not_asked_for() -> None:
    """A content without any alias cannot be fetched."""
    async with Server({}) as server, PictRs(server.url, SECRET) as client:
        with pytest.raises(NotServedError, match="no alias"):
            await fetched(client, Stored(KEY, ()))
    assert server.requests == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_client_takes_a_proxy_without_pictrs_for_absence(status: int) -> None:
    """What a proxy says while pict-rs restarts means: later."""
    async with Server({}, other=Reply(status, b"<html>")) as server, PictRs(server.url, SECRET) as client:
        with pytest.raises(UnreachableError, match=str(status)):
            await client.find(CONTENT)
        with pytest.raises(UnreachableError, match=str(status)):
            await fetched(client)


async def test_client_takes_a_broken_transfer_for_absence() -> None:
    """A connection that ends in the middle of a file."""
    async with Server({ORIGINAL: Reply(body=DATA[:4], length=10)}) as server, PictRs(server.url, SECRET) as client:
        with pytest.raises(UnreachableError):
            await fetched(client)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(401, b'{"msg":"Invalid API Key","code":"invalid-api-token"}'), WrongKeyError),
        (Reply(403, b"<html>forbidden"), WrongKeyError),
        (Reply(404, b"<html>nothing here"), StrangerError),
        (Reply(200, b"<html>welcome"), StrangerError),
        (Reply(200, b'{"page":{"hashes":[{"hex":1}]}}'), StrangerError),
        (Reply(500, b'{"code":"file-io-error"}'), FaultError),
        (Reply(500, b"<html>broken"), FaultError),
    ],
)
async def test_client_find_says_who_has_to_act(reply: Reply, kind: type[PictRsError]) -> None:
    """Each way of failing has its own error and one sentence without the key."""
    async with Server({HASHES: reply}) as server, PictRs(server.url, SECRET) as client:
        with pytest.raises(kind, match=r"^[^\n]+$") as caught:
            await client.find(CONTENT)
    assert SECRET not in str(caught.value) + repr(caught.value) + repr(client)


async def test_client_check_finds_an_ill_pictrs() -> None:
    """A pict-rs whose health check fails is as good as absent."""
    async with Server({"/healthz": Reply(500)}) as server, PictRs(server.url, SECRET) as client:
        with pytest.raises(UnreachableError, match="health check gives 500"):
            await client.check()


async def test_client_check_finds_a_pictrs_that_does_not_say_what_it_keeps() -> None:
    """One whose page of hashes fails for whatever it is asked is as good as absent, too."""
    replies = {"/healthz": Reply(), "/internal/hashes": Reply(500)}
    async with Server(replies) as server, PictRs(server.url, SECRET) as client:
        with pytest.raises(UnreachableError, match="page of hashes gives 500"):
            await client.check()


async def test_client_purge_waits_no_longer_than_allowed() -> None:
    """A pict-rs that accepts a purge and never gets to it."""
    queued = Reply(body=b'{"msg":"ok","aliases":[]}')
    replies = {PURGE: queued, "/internal/delete": queued, HASHES: page((KEY.hex, ["x.jpg"]))}
    async with Server(replies) as server, PictRs(server.url, SECRET, gone_s=0.3) as client:
        with pytest.raises(CannotPurgeError, match=r"1 aliases \(x.jpg\): they are not gone within 0.3 s"):
            await client.purge(Stored(KEY, ("x.jpg",)))
    assert [line for line, _ in server.requests if PURGE in line] == ["POST /internal/purge?alias=x.jpg HTTP/1.1"]


async def test_client_purge_fails_with_a_fault_of_pictrs() -> None:
    """A purge that pict-rs cannot even queue."""
    async with (
        Server({PURGE: Reply(500, b'{"code":"sled-error"}')}) as server,
        PictRs(server.url, SECRET) as client,
    ):
        with pytest.raises(FaultError, match="sled-error"):
            await client.purge(STORED)


async def test_client_can_be_cancelled_while_nobody_answers() -> None:
    """A question without an answer ends with its task."""
    async with Server({HASHES: None}) as server, PictRs(server.url, SECRET) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.find(CONTENT)


async def test_client_leaves_no_address_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The HTTP library tells every request at INFO: not ours."""
    with caplog.at_level(logging.INFO):
        async with Server({HASHES: page()}) as server, PictRs(server.url, SECRET) as client:
            assert await client.find(CONTENT) == ()
    assert caplog.records == []
