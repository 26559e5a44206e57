"""Whether answers count, changed on the page."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.judge.outcomes import Mode
from coordinator.ledger.audit import What
from coordinator.steering import Steering
from coordinator.web.admin.flashes import Flash, Flashes
from coordinator.web.admin.forms import FormError
from coordinator.web.admin.guard import Guard, to
from coordinator.web.admin.journal import Journal
from coordinator.web.admin.live import Live
from coordinator.web.admin.sessions import Session

SAYS: Mapping[Mode, str] = {
    Mode.ENFORCE: "From now on what is to be rejected is rejected.",
    Mode.SHADOW: "From now on everything is accepted, and recorded what would have been done.",
}


class ModeAction:
    """Change the mode, once the admin has said to be sure."""

    def __init__(self, *, guard: Guard, flashes: Flashes, live: Live, journal: Journal, steering: Steering) -> None:
        self._guard = guard
        self._flashes = flashes
        self._live = live
        self._journal = journal
        self._steering = steering

    @property
    def route(self) -> Route:
        """The route to mount."""
        return Route("/do/mode", self._guard.action(self._change), methods=["POST"])

    async def _change(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        try:
            mode = Mode(form.get("mode", ""))
        except ValueError:
            raise FormError("There is no such mode.") from None
        if form.get("sure") != "yes":
            raise FormError("Say that you are sure: the change counts at once.")
        flash = Flash(SAYS[mode])
        await self._journal.note(What.MODE, session, mode=mode)
        try:
            await self._steering.set_mode(mode, who=session.who)
        except OSError as error:
            flash = Flash(f"{SAYS[mode]} The next start will have forgotten it: {error.strerror}.", "bad")
        self._flashes.put(session, flash)
        self._live.changed()
        return to(request)
