"""Who may see a page and send a form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from coordinator.settings import Network
from coordinator.web.addresses import is_encrypted
from coordinator.web.admin.forms import FormError, read_form
from coordinator.web.admin.sessions import LASTS, Session, Sessions
from coordinator.web.admin.templates import Templates, root_of

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
Show: TypeAlias = Callable[[Request, Session], Awaitable[Response]]
Act: TypeAlias = Callable[[Request, Session, Mapping[str, str]], Awaitable[Response]]

FROM_ELSEWHERE = "This form does not come from this page, or the page is old. Go back, reload it, and try again."


class Guard:
    """Let the logged-in through: to pages, to data, and, with a token in the form, to actions."""

    def __init__(self, *, sessions: Sessions, templates: Templates, trusted_proxies: Sequence[Network]) -> None:
        self._sessions = sessions
        self._templates = templates
        self._trusted_proxies = trusted_proxies

    def session(self, request: Request) -> Session | None:
        """Return the session of a request, None when nobody is logged in."""
        secret = request.cookies.get(self._cookie(request), "")
        return self._sessions.find(secret) if secret else None

    def page(self, show: Show) -> Endpoint:
        """Show a page to the logged-in, and the login to everybody else."""

        async def endpoint(request: Request) -> Response:
            session = self.session(request)
            return to(request, "login") if session is None else await show(request, session)

        return endpoint

    def data(self, show: Show) -> Endpoint:
        """Give data to the logged-in, and 401 to everybody else."""

        async def endpoint(request: Request) -> Response:
            session = self.session(request)
            if session is None:
                return JSONResponse({"error": "Log in first."}, status_code=401)
            return await show(request, session)

        return endpoint

    def action(self, act: Act) -> Endpoint:
        """Do what a form of the logged-in asks for; 403 for a form that no page of theirs has made."""

        async def endpoint(request: Request) -> Response:
            session = self.session(request)
            if session is None:
                return to(request, "login")
            try:
                form = await read_form(request)
                if is_from_elsewhere(request) or not session.sent(form.get("csrf", "")):
                    raise FormError(FROM_ELSEWHERE, 403)
                return await act(request, session, form)
            except FormError as error:
                return self.refusal(request, error)

        return endpoint

    def refusal(self, request: Request, error: FormError) -> Response:
        """Tell what is wrong with a form."""
        return self._templates.page(request, "refused.html", status=error.status, sentence=str(error))

    def admit(self, request: Request, session: Session, response: Response) -> None:
        """Set the cookie of a session."""
        response.set_cookie(
            self._cookie(request),
            session.secret,
            max_age=int(LASTS.total_seconds()),
            path="/",
            secure=is_encrypted(request, self._trusted_proxies),
            httponly=True,
            samesite="strict",
        )

    def dismiss(self, request: Request, response: Response) -> None:
        """Take the cookie back."""
        encrypted = is_encrypted(request, self._trusted_proxies)
        response.delete_cookie(self._cookie(request), path="/", secure=encrypted, httponly=True, samesite="strict")

    def _cookie(self, request: Request) -> str:
        # A browser takes a cookie of this prefix over TLS only, and from this very host.
        return "__Host-fediward" if is_encrypted(request, self._trusted_proxies) else "fediward"


def is_from_elsewhere(request: Request) -> bool:
    """Say whether the browser tells that another site made it send the request."""
    return request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}


def to(request: Request, place: str = "./") -> Response:
    """Send the browser to a place of the admin page, which may lie under any prefix."""
    return RedirectResponse(root_of(request) + place, status_code=303)
