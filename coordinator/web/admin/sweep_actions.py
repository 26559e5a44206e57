"""What can be done with a sweep: pause it, go on, slow it down, stop it. It obeys at its next report, in seconds."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.ledger.audit import What
from coordinator.sweeps import Order, SweepOrder, Sweeps
from coordinator.web.admin.flashes import Flash, Flashes
from coordinator.web.admin.forms import FormError
from coordinator.web.admin.guard import Guard, to
from coordinator.web.admin.journal import Journal
from coordinator.web.admin.live import Live
from coordinator.web.admin.sessions import Session

MOST_PER_S = 10_000.0

SAYS: Mapping[Order, str] = {
    Order.RUN: "The sweep goes on.",
    Order.PAUSE: "The sweep pauses; what is on its way is finished.",
    Order.STOP: "The sweep ends; started again, it goes on where it was.",
}


class SweepActions:
    """Tell sweeps what to do."""

    def __init__(self, *, guard: Guard, flashes: Flashes, live: Live, journal: Journal, sweeps: Sweeps) -> None:
        self._guard = guard
        self._flashes = flashes
        self._live = live
        self._journal = journal
        self._sweeps = sweeps

    @property
    def route(self) -> Route:
        """The route to mount."""
        return Route("/do/sweep", self._guard.action(self._order), methods=["POST"])

    async def _order(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        known = self._sweeps.find(form.get("caller", ""), form.get("sweep", ""))
        if known is None:
            raise FormError("There is no such sweep any more.", 404)
        if "rate" in form:
            wanted = SweepOrder(order=known.wanted.order, limit_per_s=_rate(form["rate"]))
            says = f"At most {wanted.limit_per_s:g} files a second." if wanted.limit_per_s else "As it was started."
        else:
            try:
                wanted = SweepOrder(order=Order(form.get("order", "")), limit_per_s=known.wanted.limit_per_s)
            except ValueError:
                raise FormError("A sweep can be run, paused and stopped.") from None
            says = SAYS[wanted.order]
        known.wanted = wanted
        details = {"sweep": known.name, "caller": known.caller, "order": str(wanted.order)}
        await self._journal.note(What.SWEEP, session, **details, limit_per_s=wanted.limit_per_s)
        self._flashes.put(session, Flash(says))
        self._live.changed()
        return to(request)


def _rate(text: str) -> float | None:
    """Read a rate; None for an empty one. Raises FormError."""
    if not text.strip():
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= MOST_PER_S:
        raise FormError(f"A rate is a number of files a second, at most {MOST_PER_S:g}; empty: as it was started.")
    return rate
