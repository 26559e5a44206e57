"""`/scanner`: what happened with one scanner lately."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.status.roster import Roster
from coordinator.status.scanner import ScannerEvent
from coordinator.web.admin.guard import Guard
from coordinator.web.admin.sessions import Session
from coordinator.web.admin.templates import Templates
from shared.limits import MAX_NAME_CHARACTERS


class History:
    """Show when a scanner came, left and failed, and what was done with it."""

    def __init__(
        self,
        *,
        guard: Guard,
        templates: Templates,
        roster: Roster,
        events_of: Callable[[str], tuple[ScannerEvent, ...]],
    ) -> None:
        self._guard = guard
        self._templates = templates
        self._roster = roster
        self._events_of = events_of

    @property
    def route(self) -> Route:
        """The route to mount."""
        return Route("/scanner", self._guard.page(self._show), methods=["GET"])

    async def _show(self, request: Request, session: Session) -> Response:
        name = request.query_params.get("name", "")[:MAX_NAME_CHARACTERS]
        return self._templates.page(
            request,
            "scanner.html",
            csrf=session.csrf,
            scanner=name,
            is_known=self._roster.record(name) is not None,
            events=self._events_of(name),
        )
