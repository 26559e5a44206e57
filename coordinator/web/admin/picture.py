"""`/picture`: what is known of one picture, and a decision about it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.errors import LedgerError
from coordinator.ledger.exchange import is_sha256
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.search import MIN_DIGITS, MOST_FOUND, is_beginning
from coordinator.ledger.times import Clock, now
from coordinator.web.admin.flashes import Flash, Flashes
from coordinator.web.admin.forms import FormError, text_of
from coordinator.web.admin.guard import Guard, to
from coordinator.web.admin.sessions import Session
from coordinator.web.admin.templates import Templates


class PicturePage:
    """Find pictures by their hash. They are never shown: they are not kept."""

    def __init__(
        self, *, guard: Guard, templates: Templates, flashes: Flashes, ledger: Ledger, clock: Clock = now
    ) -> None:
        self._guard = guard
        self._templates = templates
        self._flashes = flashes
        self._ledger = ledger
        self._clock = clock

    @property
    def routes(self) -> list[Route]:
        """The routes to mount."""
        return [
            Route("/picture", self._guard.page(self._show), methods=["GET"]),
            Route("/do/decide", self._guard.action(self._decide), methods=["POST"]),
        ]

    async def _decide(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        sha256, note = form.get("hash", "").lower(), text_of(form, "note")
        if not is_sha256(sha256):
            raise FormError("This is no SHA-256 in hex: 64 digits.")
        try:
            flash = await self._carry_out(form.get("decision", ""), sha256, note, session.who)
        except LedgerError as error:
            flash = Flash(str(error), "bad")
        self._flashes.put(session, flash)
        return to(request, f"picture?hash={sha256}")

    async def _carry_out(self, word: str, sha256: str, note: str, who: str) -> Flash:
        decisions, at = self._ledger.decisions, self._clock()
        if word == "forget":
            if await decisions.forget(sha256, who=who, at=at):
                return Flash("There was nothing to forget: the ledger knows neither a decision nor a verdict.", "bad")
            return Flash("Forgotten: the next upload of these bytes is looked at anew.")
        if word not in set(Decision):
            raise FormError("A picture can be allowed, blocked or forgotten.")
        await decisions.decide(Decided(sha256, Decision(word), who, at, note))
        passes = "passes" if word == Decision.ALLOW else "is refused"
        return Flash(f"The next upload of these bytes {passes}, whatever it scores.")

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
                    summary = None
                    fault = "The ledger knows nothing of this picture. A decision can be made all the same."
            else:
                found = await self._ledger.find(text)
                if len(found) == 1:
                    text, found = found[0], ()
                    summary = await self._ledger.summary(text)
                elif not found:
                    fault = "The ledger knows no picture whose hash begins like this."
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
