"""Logging in and out."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.settings import Network
from coordinator.web.addresses import Address, UntrustedProxyError, client_address, parse_address
from coordinator.web.admin.attempts import Attempts
from coordinator.web.admin.forms import FormError, read_form, text_of
from coordinator.web.admin.guard import FROM_ELSEWHERE, Guard, is_from_elsewhere, to
from coordinator.web.admin.sessions import Session, Sessions
from coordinator.web.admin.templates import Templates
from coordinator.web.admin.token import AdminToken
from shared.limits import MAX_NAME_CHARACTERS

logger = logging.getLogger(__name__)

WHO = "admin page"
"""In the log for somebody who gave no name."""


class Login:
    """Compare tokens, slowly for those who guess."""

    def __init__(
        self,
        *,
        token: AdminToken,
        sessions: Sessions,
        guard: Guard,
        templates: Templates,
        trusted_proxies: Sequence[Network],
    ) -> None:
        self._token = token
        self._sessions = sessions
        self._guard = guard
        self._templates = templates
        self._trusted_proxies = trusted_proxies
        self._attempts = Attempts()

    @property
    def routes(self) -> list[Route]:
        """The routes to mount."""
        return [
            Route("/login", self._show, methods=["GET"]),
            Route("/login", self._log_in, methods=["POST"]),
            Route("/logout", self._guard.action(self._log_out), methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        if self._guard.session(request) is not None:
            return to(request)
        return self._page(request)

    async def _log_in(self, request: Request) -> Response:
        address, now_s = self._address(request), asyncio.get_running_loop().time()
        if wait_s := self._attempts.wait_s(address, now_s):
            response = self._page(request, f"Too many wrong tokens. Try again in {math.ceil(wait_s)} s.", status=429)
            response.headers["Retry-After"] = str(math.ceil(wait_s))
            return response
        try:
            if is_from_elsewhere(request):
                raise FormError(FROM_ELSEWHERE, 403)
            form = await read_form(request)
            who = text_of(form, "name", most=MAX_NAME_CHARACTERS) or WHO
        except FormError as error:
            return self._page(request, str(error), status=error.status)
        if not self._token.matches(form.get("token", "").strip()):
            self._attempts.note_wrong(address, now_s)
            logger.warning("wrong admin token from %s", address)
            return self._page(request, "This is not the admin token.", status=401)
        logger.info("%s logged in from %s", who, address)
        response = to(request)
        self._guard.admit(request, await self._sessions.open(who), response)
        return response

    async def _log_out(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        await self._sessions.close(session)
        response = to(request, "login")
        self._guard.dismiss(request, response)
        return response

    def _page(self, request: Request, fault: str = "", *, status: int = 200) -> Response:
        return self._templates.page(request, "login.html", status=status, fault=fault)

    def _address(self, request: Request) -> Address | None:
        try:
            return client_address(request, self._trusted_proxies)
        except UntrustedProxyError:
            # The token decides here, not the address: somebody behind a proxy that nobody named may log in too.
            return parse_address(request.client.host) if request.client is not None else None
