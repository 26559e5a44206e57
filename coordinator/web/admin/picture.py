"""`/picture`: what is known of one picture, and a decision about it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.ledger.errors import LedgerError
from coordinator.ledger.exchange import is_sha256
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.search import MIN_DIGITS, MOST_FOUND, is_beginning
from coordinator.web.admin.flashes import Flashes
from coordinator.web.admin.guard import Guard
from coordinator.web.admin.sessions import Session
from coordinator.web.admin.templates import Templates


class PicturePage:
    """Find pictures by their hash. They are never shown: they are not kept."""

    def __init__(self, *, guard: Guard, templates: Templates, flashes: Flashes, ledger: Ledger) -> None:
        self._guard = guard
        self._templates = templates
        self._flashes = flashes
        self._ledger = ledger

    @property
    def route(self) -> Route:
        """The route to mount."""
        return Route("/picture", self._guard.page(self._show), methods=["GET"])

    async def _show(self, request: Request, session: Session) -> Response:
        text = "".join(request.query_params.get("hash", "").split()).lower()
        found: tuple[str, ...] = ()
        summary, fault, status = None, "", 200
        try:
            if not is_beginning(text):
                fault, status = f"This is no hash: {MIN_DIGITS} to 64 digits in hex are needed.", 400
                text = ""
            elif is_sha256(text):
                summary = await self._ledger.summary(text)
                if summary.is_empty:
                    summary, status = None, 404
                    fault = "The ledger knows nothing of this picture. A decision can be made all the same."
            else:
                found = await self._ledger.find(text)
                if len(found) == 1:
                    text, found = found[0], ()
                    summary = await self._ledger.summary(text)
                elif not found:
                    fault, status = "The ledger knows no picture whose hash begins like this.", 404
                elif len(found) == MOST_FOUND:
                    fault = f"Only the first {MOST_FOUND} are listed: give more digits."
        except LedgerError as error:
            fault, status = str(error), 503
        return self._templates.page(
            request,
            "picture.html",
            status=status,
            csrf=session.csrf,
            flash=self._flashes.take(session),
            hash=text,
            fault=fault,
            found=found,
            summary=summary,
            is_whole=is_sha256(text),
            sections=()
            if summary is None
            else (
                ("Decision", () if summary.decision is None else (summary.decision,)),
                ("Verdicts", summary.verdicts),
                ("Accepted unseen", summary.debts),
                ("Log", summary.log),
            ),
        )
