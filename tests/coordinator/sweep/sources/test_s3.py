"""Answers that the S3 server of the end-to-end tests never gives: keys and objects of other servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from coordinator.sweep.errors import SourceError
from coordinator.sweep.item import Item
from coordinator.sweep.sources.s3 import S3

BUCKET = "pictures"


class Foreign(ThreadingHTTPServer):
    """A bucket with one object, which has no ETag, under any key."""

    daemon_threads = True

    def __init__(self, key: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = key
        self.hour = 12
        """Of its last change."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Foreign

    def do_HEAD(self) -> None:
        self._reply(b"12345")

    def do_GET(self) -> None:
        listed = (
            f"<Contents><Key>{self.server.key}</Key><Size>5</Size>"
            f"<LastModified>2026-11-22T{self.server.hour}:00:00.789Z</LastModified></Contents>"
        )
        self._reply(f"<ListBucketResult><Name>{BUCKET}</Name>{listed}</ListBucketResult>".encode())

    def _reply(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Last-Modified", f"Sun, 22 Nov 2026 {self.server.hour}:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Write nothing."""


@contextmanager
def bucket_with(key: str) -> Iterator[tuple[Foreign, S3]]:
    """Serve a bucket with this key; yield it, and what reads it."""
    server = Foreign(key)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server, S3(BUCKET, "", endpoint=f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _known_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "any")


async def listed(source: S3) -> list[Item]:
    """Return all that a source lists."""
    return [item async for batch in source.listing() for item in batch]


async def test_object_without_etag_is_told_by_its_time() -> None:
    """Its time stands in for the ETag: in whole seconds, which is all that one hears when it is looked at again."""
    with bucket_with("a.png") as (server, source):
        (item,) = await listed(source)
        assert await source.tag(item) == item.tag
        server.hour += 1
        assert await source.tag(item) != item.tag


@pytest.mark.parametrize("key", ["a//b.png", "a/../b.png"])
async def test_key_that_cannot_be_read_here_is_said(key: str) -> None:
    """A key that the library cannot name ends the listing with a sentence that names the bucket and what to do."""
    says = r"s3://pictures holds a key that cannot be read here.*--prefix"
    with bucket_with(key) as (_, source), pytest.raises(SourceError, match=says):
        await listed(source)
