"""Pages that are open, kept up to date: one snapshot for all of them, at most once a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from coordinator.status.snapshot import Snapshot
from coordinator.sweeps import Sweeps
from coordinator.web.admin.dismissals import Dismissals
from coordinator.web.admin.guard import Guard
from coordinator.web.admin.render import Rendered, render
from coordinator.web.admin.sessions import Session
from coordinator.web.admin.templates import Templates

logger = logging.getLogger(__name__)

EVERY_S = 1.0
TICK_S = 3.0
"""Without news a page is told that it is up to date this often."""

RETRY_MS = 2000
MOST_STREAMS = 50


class Live:
    """Serve `events` and `live`. Snapshots are made while a page is open, and when one is asked for."""

    def __init__(
        self,
        *,
        snapshot: Callable[[], Snapshot],
        sweeps: Sweeps,
        guard: Guard,
        templates: Templates,
        dismissals: Dismissals,
    ) -> None:
        self._snapshot = snapshot
        self._sweeps = sweeps
        self._guard = guard
        self._templates = templates
        self._dismissals = dismissals
        self._latest: Rendered | None = None
        self._latest_s = float("-inf")
        self._streams = 0
        self._ending = asyncio.Event()

    @property
    def routes(self) -> list[Route]:
        """The routes to mount."""
        return [
            Route("/events", self._guard.data(self._events), methods=["GET"]),
            Route("/live", self._guard.data(self._live), methods=["GET"]),
        ]

    def now(self) -> Rendered:
        """Return what is shown now: at most a second old, whoever asks how often."""
        now_s = asyncio.get_running_loop().time()
        if self._latest is None or now_s - self._latest_s >= EVERY_S * 0.9:
            is_dismissed = partial(self._dismissals.hides, now_s=now_s)
            self._latest = render(self._snapshot(), self._sweeps, self._templates, is_dismissed)
            self._latest_s = now_s
        return self._latest

    def changed(self) -> None:
        """Let the next one who asks see what was done just now."""
        self._latest_s = float("-inf")

    def close(self) -> None:
        """End all streams: the coordinator stops."""
        self._ending.set()

    async def _live(self, request: Request, session: Session) -> Response:
        return Response(self.now().data, media_type="application/json")

    async def _events(self, request: Request, session: Session) -> Response:
        if self._streams >= MOST_STREAMS or self._ending.is_set():
            return PlainTextResponse("too many open pages\n", status_code=503)
        # A proxy that collects an answer before it passes it on would show nothing at all.
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(request), media_type="text/event-stream", headers=headers)

    async def _stream(self, request: Request) -> AsyncIterator[bytes]:
        self._streams += 1
        sent, sent_s = b"", float("-inf")
        loop = asyncio.get_running_loop()
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while not self._ending.is_set():
                if self._guard.session(request) is None:
                    yield b"event: end\ndata: log in again\n\n"
                    return
                rendered = self.now()
                if rendered.news != sent:
                    sent, sent_s = rendered.news, loop.time()
                    yield b"data: " + rendered.data + b"\n\n"
                elif loop.time() - sent_s >= TICK_S:
                    sent_s = loop.time()
                    yield f"event: tick\ndata: {rendered.cells['at']}\n\n".encode()
                try:
                    async with asyncio.timeout(EVERY_S):
                        await self._ending.wait()
                except TimeoutError:
                    continue
        finally:
            self._streams -= 1
