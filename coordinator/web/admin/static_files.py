"""The page's own style, script and icons, served from memory."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
A_YEAR_S = 365 * 24 * 3600


class StaticFiles:
    """Read the files once. Their addresses change with their content, so that browsers may keep them."""

    def __init__(self) -> None:
        folder = files("coordinator.web.admin") / "static"
        self._content = {file.name: file.read_bytes() for file in folder.iterdir() if _kind(file.name) in MEDIA_TYPES}
        self._versions = {name: hashlib.sha256(data).hexdigest()[:12] for name, data in self._content.items()}

    @property
    def route(self) -> Route:
        """The route to mount; it needs no login."""
        return Route("/static/{name}", self._serve)

    def url(self, name: str) -> str:
        """Return the address of a file, relative to the admin page. Raises KeyError."""
        return f"static/{name}?v={self._versions[name]}"

    async def _serve(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._content:
            return PlainTextResponse("not found\n", status_code=404)
        return Response(
            self._content[name],
            media_type=MEDIA_TYPES[_kind(name)],
            headers={"Cache-Control": f"public, max-age={A_YEAR_S}, immutable"},
        )


def _kind(name: str) -> str:
    return name.rpartition(".")[2]
