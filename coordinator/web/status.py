"""`GET /api/v1/status`: the snapshot as JSON, for whoever bears the admin's token."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coordinator.status.snapshot import Snapshot
from coordinator.web.admin.token import AdminToken

STATUS_PATH = "/api/v1/status"


class StatusPage:
    """Answer with the state of this moment."""

    def __init__(self, *, token: AdminToken, snapshot: Callable[[], Snapshot]) -> None:
        self._token = token
        self._snapshot = snapshot

    @property
    def route(self) -> Route:
        """The route to mount on the public listener."""
        return Route(STATUS_PATH, self._status)

    async def _status(self, request: Request) -> Response:
        if not self._token.is_borne_by(request):
            return refuse_bearer()
        return JSONResponse(self._snapshot().as_json(), headers={"Cache-Control": "no-store"})


def refuse_bearer() -> Response:
    """Say that the admin's token is missing or wrong."""
    sentence = "The admin token is missing or wrong: send it as `Authorization: Bearer TOKEN`."
    return JSONResponse({"error": sentence}, status_code=401, headers={"WWW-Authenticate": "Bearer"})
