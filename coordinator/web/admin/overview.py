"""`/`: the whole on one page."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.judge.outcomes import Outcome
from coordinator.settings import Network
from coordinator.status.scanner import Connection
from coordinator.steering import Steering
from coordinator.web.addresses import is_encrypted
from coordinator.web.admin.flashes import Flashes
from coordinator.web.admin.guard import Guard
from coordinator.web.admin.live import Live
from coordinator.web.admin.sessions import Session
from coordinator.web.admin.templates import Templates


class Overview:
    """Show the state, and the forms that change it."""

    def __init__(
        self,
        *,
        guard: Guard,
        templates: Templates,
        live: Live,
        flashes: Flashes,
        steering: Steering,
        trusted_proxies: Sequence[Network],
        public_url: str,
    ) -> None:
        self._guard = guard
        self._templates = templates
        self._live = live
        self._flashes = flashes
        self._steering = steering
        self._trusted_proxies = trusted_proxies
        self._public_url = public_url

    @property
    def route(self) -> Route:
        """The route to mount."""
        return Route("/", self._guard.page(self._show), methods=["GET"])

    async def _show(self, request: Request, session: Session) -> Response:
        shown = self._live.now()
        snapshot = shown.snapshot
        state = shown.cells["state"]
        return self._templates.page(
            request,
            "overview.html",
            icon=f"{state[1]}.svg",
            csrf=session.csrf,
            # A page that renews itself in the background must not swallow what another one is to say.
            flash=None if "renew" in request.query_params else self._flashes.take(session),
            cells=shown.cells,
            rows=shown.rows,
            sweeps=shown.sweeps,
            shape=shown.shape,
            started=snapshot.started,
            policy=snapshot.policy,
            outcomes=list(Outcome),
            ever_connected=any(s.connection is not Connection.NEVER_CONNECTED for s in snapshot.scanners),
            mode_change=self._steering.mode_change,
            mode_setting=self._steering.mode_setting,
            address=self._address(request),
        )

    def _address(self, request: Request) -> str:
        """Return where scanners connect: as the admin has said, or the way that this request came."""
        if self._public_url:
            return self._public_url
        scheme = "wss" if is_encrypted(request, self._trusted_proxies) else "ws"
        return f"{scheme}://{request.url.netloc}"
