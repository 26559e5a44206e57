"""A notice that has been seen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.web.admin.dismissals import Dismissals
from coordinator.web.admin.forms import text_of
from coordinator.web.admin.guard import Guard, to
from coordinator.web.admin.live import Live
from coordinator.web.admin.sessions import Session

MAX_KEY_CHARACTERS = 40


class NoticeAction:
    """Hide a notice for a day."""

    def __init__(self, *, guard: Guard, live: Live, dismissals: Dismissals) -> None:
        self._guard = guard
        self._live = live
        self._dismissals = dismissals

    @property
    def route(self) -> Route:
        """The route to mount."""
        return Route("/do/dismiss", self._guard.action(self._dismiss), methods=["POST"])

    async def _dismiss(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        key = text_of(form, "key", most=MAX_KEY_CHARACTERS)
        self._dismissals.dismiss(key, asyncio.get_running_loop().time())
        self._live.changed()
        return to(request)
