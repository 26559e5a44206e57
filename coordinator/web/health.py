"""`/healthz`: the process is alive. `/readyz`: uploads that come now are looked at."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from coordinator.hub import Hub
from coordinator.intake import Intake


class Health:
    """Answer health checks; both listeners offer them, and they tell nothing else."""

    def __init__(self, *, hub: Hub, intake: Intake) -> None:
        self._hub = hub
        self._intake = intake

    @property
    def routes(self) -> list[Route]:
        """The routes to mount."""
        return [Route("/healthz", self._alive), Route("/readyz", self._ready)]

    async def _alive(self, request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def _ready(self, request: Request) -> Response:
        if not self._intake.is_open:
            return PlainTextResponse("stopping\n", status_code=503)
        if not self._hub.has_ready_scanner:
            return PlainTextResponse("no scanner is ready\n", status_code=503)
        return PlainTextResponse("ready\n")
