"""`GET /api/v1/status`: the snapshot as JSON, for whoever bears the admin's token; and one scanner with its events."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coordinator.status.board import Board
from coordinator.status.snapshot import as_plain
from coordinator.web.admin.token import AdminToken

STATUS_PATH = "/api/v1/status"
NOT_KEPT = {"Cache-Control": "no-store"}


class StatusPage:
    """Answer with the state of this moment."""

    def __init__(self, *, token: AdminToken, board: Board) -> None:
        self._token = token
        self._board = board

    @property
    def routes(self) -> list[Route]:
        """The routes to mount on the public listener."""
        return [Route(STATUS_PATH, self._status), Route(f"{STATUS_PATH}/scanners/{{name}}", self._scanner)]

    async def _status(self, request: Request) -> Response:
        if not self._token.is_borne_by(request):
            return refuse_bearer()
        return JSONResponse(self._board.snapshot().as_json(), headers=NOT_KEPT)

    async def _scanner(self, request: Request) -> Response:
        if not self._token.is_borne_by(request):
            return refuse_bearer()
        name = request.path_params["name"]
        row = next((row for row in self._board.snapshot().scanners if row.name == name), None)
        if row is None:
            return JSONResponse({"error": "There is no scanner of this name."}, status_code=404, headers=NOT_KEPT)
        events = as_plain(self._board.events_of(name))
        return JSONResponse({"scanner": as_plain(row), "events": events}, headers=NOT_KEPT)


def refuse_bearer() -> Response:
    """Say that the admin's token is missing or wrong."""
    sentence = "The admin token is missing or wrong: send it as `Authorization: Bearer TOKEN`."
    return JSONResponse({"error": sentence}, status_code=401, headers={"WWW-Authenticate": "Bearer"})
