"""`/api/v1/scanners`: where scanners connect. Refuses before accepting; keeps the sessions that run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from coordinator.credentials import Credentials, ScannerToken
from coordinator.hub import Hub
from coordinator.judge.policy import Policy
from coordinator.settings import Network
from coordinator.status.collectors import Collectors
from coordinator.status.refusals import RefusalCause
from coordinator.trust.record import Trust
from coordinator.web.addresses import UntrustedProxyError, client_address
from coordinator.web.rehearsal import rehearse
from coordinator.web.scanner_session import ScannerSession
from shared.close_codes import CloseCode
from shared.limits import REHEARSAL, SCANNERS_PATH, SUBPROTOCOL
from shared.wire import coordinator_decoder

logger = logging.getLogger(__name__)

REVOKED_WITHIN_S = 1.0
"""The credentials file may be changed by another process at any time: looked at this often, one `stat` each."""


class ScannerSocket:
    """Admit scanners by their tokens and hold their sessions."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        hub: Hub,
        trust: Trust,
        policy: Policy,
        collectors: Collectors,
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        self._credentials = credentials
        self._hub = hub
        self._trust = trust
        self._policy = policy
        self._collectors = collectors
        self._trusted_proxies = trusted_proxies
        self._decoder = coordinator_decoder()
        self._sessions: set[ScannerSession] = set()
        self._is_open = True
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def route(self) -> WebSocketRoute:
        """The route to mount on the public listener."""
        return WebSocketRoute(SCANNERS_PATH, self._serve)

    @property
    def plain_route(self) -> Route:
        """The route to mount beside it: a scanner's request that a proxy has stripped of its upgrade is told so."""
        return Route(SCANNERS_PATH, _ask_for_upgrade)

    async def watch_credentials(self) -> None:
        """Close the sessions of scanners whose token is revoked; runs until cancelled."""
        while True:
            await asyncio.sleep(REVOKED_WITHIN_S)
            self.end_revoked()

    def end_revoked(self) -> None:
        """Close the sessions of scanners whose token is revoked."""
        book = self._credentials.latest
        for session in [s for s in self._sessions if not book.knows(s.token)]:
            session.end(CloseCode.REVOKED, "its token was revoked")

    def session(self, name: str) -> ScannerSession | None:
        """Return the connection of a scanner, None when it is not connected."""
        return next((session for session in self._sessions if session.token.name == name and session.is_in_fleet), None)

    async def close(self) -> None:
        """Ask every scanner to come back later, and admit no more."""
        self._is_open = False
        for session in self._sessions:
            session.end(CloseCode.COME_BACK, "the coordinator stops or restarts")
        await self._empty.wait()

    async def _serve(self, websocket: WebSocket) -> None:
        token = self._token(websocket)
        if token is None:
            logger.warning("scanner refused: unknown token")
            sent = "authorization" in websocket.headers
            self._note_refused(websocket, RefusalCause.UNKNOWN if sent else RefusalCause.ANONYMOUS)
            await _deny(websocket, 401, "token-refused", "The token is unknown or was revoked.")
        elif SUBPROTOCOL not in websocket.scope["subprotocols"]:
            logger.warning("scanner %s refused: it does not speak %s", token.name, SUBPROTOCOL)
            self._note_refused(websocket, RefusalCause.WRONG_PROTOCOL, token.name)
            await _deny(websocket, 400, "protocol-refused", f"This coordinator speaks {SUBPROTOCOL} only.")
        elif not self._is_open:
            await _deny(websocket, 503, "stopping", "The coordinator stops or restarts.")
        elif REHEARSAL in websocket.query_params:
            await websocket.accept(SUBPROTOCOL)
            await rehearse(websocket, token, self._policy, self._trust, self._decoder)
        else:
            await websocket.accept(SUBPROTOCOL)
            session = ScannerSession(
                websocket,
                token,
                hub=self._hub,
                trust=self._trust,
                policy=self._policy,
                decoder=self._decoder,
                roster=self._collectors.roster,
            )
            self._sessions.add(session)
            self._empty.clear()
            try:
                await session.run()
                if session.said_wrong_hello:
                    self._note_refused(websocket, RefusalCause.WRONG_HELLO, token.name)
            finally:
                self._sessions.discard(session)
                if not self._sessions:
                    self._empty.set()

    def _note_refused(self, websocket: WebSocket, cause: RefusalCause, scanner: str = "") -> None:
        try:
            address = client_address(websocket, self._trusted_proxies)
        except UntrustedProxyError:
            address = None
        # Whoever claims to forward for others without being trusted to is known by its own address.
        peer = websocket.client.host if websocket.client is not None else ""
        now_s = asyncio.get_running_loop().time()
        self._collectors.refusals.note(cause, str(address or peer), now_s, scanner=scanner)

    def _token(self, websocket: WebSocket) -> ScannerToken | None:
        scheme, _, secret = websocket.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            return None
        return self._credentials.latest.scanner_by_token(secret)


async def _ask_for_upgrade(request: Request) -> Response:
    return JSONResponse(
        {"fediward": "upgrade-required", "error": "Scanners connect here by WebSocket; a proxy must pass Upgrade on."},
        status_code=426,
        headers={"Upgrade": "websocket"},
    )


async def _deny(websocket: WebSocket, status: int, code: str, sentence: str) -> None:
    """Refuse the handshake with a body of ours, so that a proxy's own refusal is not mistaken for it."""
    await websocket.send_denial_response(JSONResponse({"fediward": code, "error": sentence}, status_code=status))
