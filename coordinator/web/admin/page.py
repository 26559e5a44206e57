"""The admin page as a whole: its parts, and the routes to mount on the public listener."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import Mount

from coordinator.credentials import Credentials
from coordinator.ledger.ledger import Ledger
from coordinator.settings import Network
from coordinator.status.roster import Roster
from coordinator.status.scanner import ScannerEvent
from coordinator.status.snapshot import Snapshot
from coordinator.steering import Steering
from coordinator.sweeps import Sweeps
from coordinator.trust.record import Trust
from coordinator.web.admin.dismissals import Dismissals
from coordinator.web.admin.flashes import Flashes
from coordinator.web.admin.guard import Guard
from coordinator.web.admin.headers import SecureHeaders
from coordinator.web.admin.history import History
from coordinator.web.admin.journal import Journal
from coordinator.web.admin.live import Live
from coordinator.web.admin.login import Login
from coordinator.web.admin.mode_action import ModeAction
from coordinator.web.admin.notice_action import NoticeAction
from coordinator.web.admin.overview import Overview
from coordinator.web.admin.picture import PicturePage
from coordinator.web.admin.scanner_actions import ScannerActions
from coordinator.web.admin.sessions import Sessions
from coordinator.web.admin.static_files import StaticFiles
from coordinator.web.admin.sweep_actions import SweepActions
from coordinator.web.admin.templates import Templates
from coordinator.web.admin.token import AdminToken
from coordinator.web.scanner_socket import ScannerSocket


class AdminPage:
    """Build the page. Mount `mount` behind all other routes; call `close` when the coordinator stops."""

    def __init__(
        self,
        *,
        token: AdminToken,
        sessions_file: Path,
        snapshot: Callable[[], Snapshot],
        events_of: Callable[[str], tuple[ScannerEvent, ...]],
        scanners: ScannerSocket,
        credentials: Credentials,
        roster: Roster,
        trust: Trust,
        ledger: Ledger,
        steering: Steering,
        sweeps: Sweeps,
        trusted_proxies: Sequence[Network],
        public_url: str = "",
    ) -> None:
        """Take the parts; `public_url` is where scanners connect, if the admin has said it."""
        static = StaticFiles()
        templates = Templates(static)
        sessions = Sessions(sessions_file, token_sha256=token.digest)
        guard = Guard(sessions=sessions, templates=templates, trusted_proxies=trusted_proxies)
        flashes, journal = Flashes(), Journal(ledger)
        dismissals = Dismissals()
        self.live = live = Live(
            snapshot=snapshot, sweeps=sweeps, guard=guard, templates=templates, dismissals=dismissals
        )
        login = Login(token=token, sessions=sessions, guard=guard, templates=templates, trusted_proxies=trusted_proxies)
        overview = Overview(
            guard=guard,
            templates=templates,
            live=live,
            flashes=flashes,
            steering=steering,
            trusted_proxies=trusted_proxies,
            public_url=public_url,
        )
        picture = PicturePage(guard=guard, templates=templates, flashes=flashes, ledger=ledger)
        mode = ModeAction(guard=guard, flashes=flashes, live=live, journal=journal, steering=steering)
        sweeping = SweepActions(guard=guard, flashes=flashes, live=live, journal=journal, sweeps=sweeps)
        actions = ScannerActions(
            guard=guard,
            flashes=flashes,
            live=live,
            journal=journal,
            steering=steering,
            scanners=scanners,
            credentials=credentials,
            roster=roster,
            trust=trust,
        )
        self.mount = Mount(
            "/",
            routes=[
                overview.route,
                *login.routes,
                *live.routes,
                *picture.routes,
                *actions.routes,
                mode.route,
                sweeping.route,
                NoticeAction(guard=guard, live=live, dismissals=dismissals).route,
                History(guard=guard, templates=templates, roster=roster, events_of=events_of).route,
                static.route,
            ],
            middleware=[Middleware(SecureHeaders)],
        )

    def close(self) -> None:
        """End what pages that are open wait for."""
        self.live.close()
