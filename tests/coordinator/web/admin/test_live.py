"""What is sent to pages that are open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.types import Message

from coordinator.web.admin.live import MOST_STREAMS
from tests.coordinator.web.admin.scene import Scene


class Stream:
    """One open page, read as it comes: the client's own transport waits for the end of an answer."""

    def __init__(self, scene: Scene) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._scene = scene
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._rest = b""

    async def __aenter__(self) -> Stream:
        self._started = asyncio.Event()
        self._task = asyncio.create_task(self._run())
        await self._started.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        await self._task

    async def next(self) -> tuple[str, str]:
        """Return the kind and the data of the next event."""
        async with asyncio.timeout(10):
            while True:
                block, found, rest = self._rest.partition(b"\n\n")
                if not found:
                    self._rest += await self._pieces.get()
                    continue
                self._rest = rest
                fields = dict(line.split(": ", 1) for line in block.decode().splitlines() if ": " in line)
                if "data" in fields:
                    return fields.get("event", "message"), fields["data"]

    async def snapshot(self) -> dict[str, Any]:
        """Return the next snapshot."""
        async for kind, data in self:
            if kind == "message":
                return dict(json.loads(data))
        raise AssertionError("the stream ended")

    async def __aiter__(self) -> AsyncIterator[tuple[str, str]]:
        while True:
            yield await self.next()

    async def ended(self) -> None:
        """Wait for the end that the server makes."""
        async with asyncio.timeout(10):
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        cookie = self._scene.client.cookies.get("fediward", "")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/events",
            "raw_path": b"/events",
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"fediward.test"), (b"cookie", f"fediward={cookie}".encode())],
            "client": ("127.0.0.1", 4711),
            "server": ("fediward.test", 80),
        }
        await self._scene.app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self._started.set()
        else:
            await self._pieces.put(message["body"])


async def test_live_stream_tells_what_changes(inside: Scene) -> None:
    """A whole snapshot first and after each change, at most once a second, and a tick while nothing happens."""
    async with Stream(inside) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        first = await stream.snapshot()
        assert "NOT" in first["cells"]["title"]
        inside.credentials.add_scanner("box")
        inside.connect("box")
        second = await stream.snapshot()
        assert second["shape"] != first["shape"]
        assert second["cells"]["state"] == ["", "ok"]
        async with asyncio.timeout(10):
            while (await stream.next())[0] != "tick":
                pass


async def test_live_stream_ends_with_the_session(inside: Scene) -> None:
    """Logging out elsewhere ends it, with a word that makes the page ask for the login."""
    async with Stream(inside) as stream:
        await stream.snapshot()
        await inside.send("/logout")
        async with asyncio.timeout(10):
            while (await stream.next())[0] != "end":
                pass
        await stream.ended()


async def test_live_streams_end_with_the_coordinator(inside: Scene) -> None:
    """A stop does not wait for pages that are open, and nobody is let in after it."""
    async with Stream(inside) as stream:
        await stream.snapshot()
        inside.page.close()
        await stream.ended()
    assert (await inside.client.get("/events")).status_code == 503


async def test_live_streams_are_bounded(inside: Scene) -> None:
    """One more than allowed is told to ask instead, which `live` answers; when one leaves there is room."""
    streams = [Stream(inside) for _ in range(MOST_STREAMS)]
    for stream in streams:
        await stream.__aenter__()
        await stream.next()
    assert (await inside.client.get("/events")).status_code == 503
    assert json.loads(await inside.read("/live"))["cells"]["title"]
    for stream in streams:
        await stream.__aexit__()
    async with Stream(inside) as stream:
        assert stream.status == 200


async def test_live_snapshot_is_made_once_a_second(inside: Scene) -> None:
    """However many ask, and however often."""
    first = await inside.read("/live")
    assert [await inside.read("/live") for _ in range(3)] == [first] * 3
