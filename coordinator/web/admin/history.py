"""`/scanner`: what happened with one scanner lately."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.status.roster import Roster
from coordinator.status.timeline import Timeline
from coordinator.web.admin.guard import Guard
from coordinator.web.admin.sessions import Session
from coordinator.web.admin.templates import Templates
from shared.limits import MAX_NAME_CHARACTERS


class History:
    """Show when a scanner came, left and failed, and what was done with it."""

    def __init__(self, *, guard: Guard, templates: Templates, roster: Roster, timeline: Callable[[], Timeline]) -> None:
        self._guard = guard
        self._templates = templates
        self._roster = roster
        self._timeline = timeline

    @property
    def route(self) -> Route:
        """The route to mount."""
        return Route("/scanner", self._guard.page(self._show), methods=["GET"])

    async def _show(self, request: Request, session: Session) -> Response:
        name, timeline = request.query_params.get("name", "")[:MAX_NAME_CHARACTERS], self._timeline()
        record = self._roster.record(name)
        happenings = [] if record is None else [(timeline.at(at_s), text) for at_s, text in reversed(record.happenings)]
        return self._templates.page(
            request, "scanner.html", csrf=session.csrf, scanner=name, is_known=record is not None, happenings=happenings
        )
