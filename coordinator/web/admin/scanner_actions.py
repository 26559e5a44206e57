"""What can be done with a scanner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.credentials import Credentials
from coordinator.ledger.audit import What
from coordinator.ledger.times import Clock, now
from coordinator.status.roster import Roster
from coordinator.steering import Steering
from coordinator.trust.record import Trust
from coordinator.web.admin import words
from coordinator.web.admin.flashes import Flash, Flashes
from coordinator.web.admin.forms import FormError, text_of
from coordinator.web.admin.guard import Guard, to
from coordinator.web.admin.journal import Journal
from coordinator.web.admin.live import Live
from coordinator.web.admin.sessions import Session
from coordinator.web.scanner_session import ScannerSession
from coordinator.web.scanner_socket import ScannerSocket
from coordinator.web.trial import TrialError
from shared.close_codes import CloseCode
from shared.errors import ConfigurationError, FediwardError
from shared.limits import MAX_NAME_CHARACTERS

LONGEST_PAUSE_MINUTES = 60 * 24 * 31

Do: TypeAlias = Callable[[str, Session, Mapping[str, str]], Awaitable[Flash]]
"""What is done with a scanner: its name, who is logged in, the form. It returns what to say then."""


class CannotError(FediwardError):
    """A scanner is not in the state for what was asked of it. `str` is a sentence."""


class ScannerActions:
    """Pause, resume, try, test, drain, disconnect, revoke, forget and add scanners."""

    def __init__(
        self,
        *,
        guard: Guard,
        flashes: Flashes,
        live: Live,
        journal: Journal,
        steering: Steering,
        scanners: ScannerSocket,
        credentials: Credentials,
        roster: Roster,
        trust: Trust,
        clock: Clock = now,
    ) -> None:
        self._guard = guard
        self._flashes = flashes
        self._live = live
        self._journal = journal
        self._steering = steering
        self._scanners = scanners
        self._credentials = credentials
        self._roster = roster
        self._trust = trust
        self._clock = clock

    @property
    def routes(self) -> list[Route]:
        """The routes to mount."""
        actions: dict[str, Do] = {
            "pause": self._pause,
            "resume": self._resume,
            "try": self._try_now,
            "test": self._test,
            "drain": self._drain,
            "disconnect": self._disconnect,
            "revoke": self._revoke,
            "forget": self._forget,
            "add": self._add,
        }
        return [
            Route(f"/do/{word}", self._guard.action(self._doing(do)), methods=["POST"]) for word, do in actions.items()
        ]

    def _doing(self, do: Do) -> Callable[[Request, Session, Mapping[str, str]], Awaitable[Response]]:
        async def act(request: Request, session: Session, form: Mapping[str, str]) -> Response:
            name = form.get("scanner", "")
            try:
                flash = await do(name, session, form)
            except (CannotError, ConfigurationError, TrialError) as error:
                flash = Flash(f"{name[:MAX_NAME_CHARACTERS]}: {error}", "bad")
            except OSError as error:
                flash = Flash(f"Done, but it will be forgotten at the next start: {error.strerror}.", "bad")
            self._flashes.put(session, flash)
            self._live.changed()
            return to(request)

        return act

    async def _pause(self, name: str, session: Session, form: Mapping[str, str]) -> Flash:
        self._refuse_unknown(name)
        note, until = text_of(form, "note"), self._end_of(form.get("minutes", ""))
        await self._note(session, name, "pause", note=note, until=words.iso(until))
        await self._steering.pause(name, who=session.who, note=note, until=until)
        return Flash(
            f"{name} gets nothing new {f'until {words.clock(words.iso(until))}' if until else 'until it is resumed'}."
        )

    async def _resume(self, name: str, session: Session, form: Mapping[str, str]) -> Flash:
        if not await self._steering.resume(name):
            raise CannotError("It is not paused here.")
        await self._note(session, name, "resume")
        return Flash(f"{name} takes uploads again.")

    async def _try_now(self, name: str, session: Session, form: Mapping[str, str]) -> Flash:
        self._refuse_unknown(name)
        self._steering.forgive(name)
        connection = self._scanners.session(name)
        if self._trust.forgive(name, self._loop_time()) and connection is not None:
            # Why it gets nothing was told when it connected: on its next connection it is examined.
            connection.end(CloseCode.COME_BACK, "the admin wants it to be tried")
        await self._note(session, name, "try")
        return Flash(f"{name} gets the next upload that it is the least busy for.")

    async def _test(self, name: str, session: Session, form: Mapping[str, str]) -> Flash:
        times = await self._session(name).trials.run()
        ms = words.milliseconds
        return Flash(
            f"{name} answered in {ms(times.total)}: line {ms(times.line)}, waiting {ms(times.queue)}, "
            f"model {ms(times.infer)}."
        )

    async def _drain(self, name: str, session: Session, form: Mapping[str, str]) -> Flash:
        self._session(name).drain("the admin drained it")
        await self._note(session, name, "drain")
        return Flash(f"{name} finishes what it has, and ends.")

    async def _disconnect(self, name: str, session: Session, form: Mapping[str, str]) -> Flash:
        self._session(name).end(CloseCode.COME_BACK, "the admin disconnected it")
        await self._note(session, name, "disconnect")
        return Flash(f"{name} was disconnected; it connects again by itself.")

    async def _revoke(self, name: str, session: Session, form: Mapping[str, str]) -> Flash:
        await self._take_token(name, session)
        return Flash(f"The token of {name} counts no more.")

    async def _forget(self, name: str, session: Session, form: Mapping[str, str]) -> Flash:
        if self._scanners.session(name) is not None:
            raise CannotError("It is connected: revoke or drain it first.")
        is_known = self._roster.forget(name)
        if self._has_token(name):
            await self._take_token(name, session)
        elif not is_known:
            raise CannotError("There is no such scanner.")
        await self._note(session, name, "forget")
        if name in self._steering.pauses:
            await self._steering.resume(name)
        return Flash(f"{name} is forgotten.")

    async def _add(self, name: str, session: Session, form: Mapping[str, str]) -> Flash:
        token = await asyncio.to_thread(self._credentials.add_scanner, name)
        await self._journal.note(What.CREDENTIAL, session, change="added", scanner=name)
        return Flash(f"{name} may connect.", token=token)

    async def _take_token(self, name: str, session: Session) -> None:
        await asyncio.to_thread(self._credentials.revoke_scanner, name)
        self._scanners.end_revoked()
        await self._journal.note(What.CREDENTIAL, session, change="revoked", scanner=name)

    async def _note(self, session: Session, name: str, action: str, **details: str) -> None:
        said = " ".join(f"{key}={value}" for key, value in details.items() if value)
        self._roster.tell(name, f"{action}, by {session.who}{f': {said}' if said else ''}", self._loop_time())
        await self._journal.note(What.SCANNER, session, scanner=name, action=action, **details)

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()

    def _session(self, name: str) -> ScannerSession:
        session = self._scanners.session(name)
        if session is None:
            raise CannotError("It is not connected.")
        return session

    def _has_token(self, name: str) -> bool:
        return any(token.name == name for token in self._credentials.latest.scanners)

    def _refuse_unknown(self, name: str) -> None:
        if not self._has_token(name):
            raise CannotError("There is no such scanner.")

    def _end_of(self, minutes: str) -> datetime | None:
        if not minutes.isascii() or not minutes.isdigit() or int(minutes) > LONGEST_PAUSE_MINUTES:
            raise FormError(f"A pause lasts 1 to {LONGEST_PAUSE_MINUTES} minutes, or 0: until it is resumed.")
        return self._clock() + timedelta(minutes=int(minutes)) if int(minutes) else None
