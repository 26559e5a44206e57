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
from coordinator.status.snapshot import Snapshot
from coordinator.steering import Steering
from coordinator.trust.record import Trust
from coordinator.web.admin.flashes import Flashes
from coordinator.web.admin.guard import Guard
from coordinator.web.admin.headers import SecureHeaders
from coordinator.web.admin.journal import Journal
from coordinator.web.admin.live import Live
from coordinator.web.admin.login import Login
from coordinator.web.admin.mode_action import ModeAction
from coordinator.web.admin.overview import Overview
from coordinator.web.admin.picture import PicturePage
from coordinator.web.admin.scanner_actions import ScannerActions
from coordinator.web.admin.sessions import Sessions
from coordinator.web.admin.static_files import StaticFiles
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
        scanners: ScannerSocket,
        credentials: Credentials,
        roster: Roster,
        trust: Trust,
        ledger: Ledger,
        steering: Steering,
        trusted_proxies: Sequence[Network],
    ) -> None:
        static = StaticFiles()
        templates = Templates(static)
        sessions = Sessions(sessions_file, token_sha256=token.digest)
        guard = Guard(sessions=sessions, templates=templates, trusted_proxies=trusted_proxies)
        flashes, journal = Flashes(), Journal(ledger)
        self.live = live = Live(snapshot=snapshot, guard=guard, templates=templates)
        login = Login(token=token, sessions=sessions, guard=guard, templates=templates, trusted_proxies=trusted_proxies)
        overview = Overview(
            guard=guard,
            templates=templates,
            live=live,
            flashes=flashes,
            steering=steering,
            trusted_proxies=trusted_proxies,
        )
        picture = PicturePage(guard=guard, templates=templates, flashes=flashes, ledger=ledger)
        mode = ModeAction(guard=guard, flashes=flashes, live=live, journal=journal, steering=steering)
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
                static.route,
            ],
            middleware=[Middleware(SecureHeaders)],
        )

    def close(self) -> None:
        """End what pages that are open wait for."""
        self.live.close()
