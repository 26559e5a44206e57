"""The admin page with all that it works with, in one process: real ledger, files, hub and sessions."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from starlette.applications import Starlette

from coordinator.credentials import Credentials
from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import RETURN_GRACE_S, Machine
from coordinator.hub import Hub
from coordinator.intake import Intake
from coordinator.judge.loader import load_policy
from coordinator.judge.outcomes import OutcomeTable
from coordinator.ledger.audit import Entry, What
from coordinator.ledger.ledger import Ledger
from coordinator.settings import Network
from coordinator.status.board import Board, Judging
from coordinator.status.collectors import Collectors
from coordinator.steering import Steering
from coordinator.sweeps import Sweeps
from coordinator.trust.record import Trust
from coordinator.web.admin.page import AdminPage
from coordinator.web.admin.token import AdminToken
from coordinator.web.scanner_socket import ScannerSocket
from shared.messages import Hello, Lane, ServedModel

TOKEN = "a-token-of-no-worth"
PROXY = ipaddress.ip_network("127.0.0.1/32")

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


class Line:
    """A connection of a scanner that takes everything."""

    def push(self, push: ev.Push, lane: Lane, frames: Sequence[bytes], frame_size: int) -> None:
        """Take a scan."""

    def cancel(self, scan: str) -> None:
        """Drop a scan."""

    def fence(self) -> None:
        """Make way."""

    def set_aside(self, reason: str) -> None:
        """Leave."""


@dataclass
class Scene:
    """What a test looks at."""

    page: AdminPage
    app: Starlette
    hub: Hub
    credentials: Credentials
    ledger: Ledger
    steering: Steering
    collectors: Collectors
    board: Board
    trust: Trust
    sweeps: Sweeps
    outcomes: OutcomeTable
    client: httpx2.AsyncClient
    folder: Path

    @property
    def mode(self) -> str:
        """Whether answers count now."""
        return str(self.outcomes.mode)

    def can_push(self) -> bool:
        """Say whether a scan would find a scanner."""
        return self.hub.has_ready_scanner

    async def log_in(self, name: str = "") -> None:
        """Log in, as the person of a name."""
        answer = await self.client.post("/login", data={"token": TOKEN, "name": name})
        assert answer.status_code == 303, answer.text

    async def read(self, path: str = "/") -> str:
        """Return a page, which must be there."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, path: str, **fields: str) -> httpx2.Response:
        """Send a form as the page has it, with its token."""
        found = _CSRF.search(await self.read("/?renew"))
        assert found is not None
        return await self.client.post(path, data={"csrf": found[1], **fields})

    async def do(self, path: str, **fields: str) -> str:
        """Send a form that is to be taken; return the page that comes then."""
        answer = await self.send(path, **fields)
        assert answer.status_code == 303, answer.text
        return await self.read(str(answer.url.join(answer.headers["location"])))

    def connect(self, name: str) -> int:
        """Let a scanner of this name join and be ready."""
        generation = self.hub.join(name, 8, Line())
        hello = Hello("peer 0", name, "auto", "cpu", (ServedModel("null", "0", 224),), 8)
        self.collectors.roster.greet(name, generation, hello, "", asyncio.get_running_loop().time())
        self.hub.handle(ev.ScannerReady(generation))
        return generation

    async def audited(self, what: What) -> tuple[Entry, ...]:
        """Return the entries of a kind in the ledger's log."""
        await self.ledger.flushed()
        return await self.ledger.audit.entries(what=what)


@asynccontextmanager
async def scene(
    folder: Path, *, trusted_proxies: tuple[Network, ...] = (), tls: bool = False, public_url: str = ""
) -> AsyncIterator[Scene]:
    """Build the page on files in a folder, as the coordinator does."""
    async with Ledger(folder / "ledger.sqlite") as ledger:
        hub = Hub(Machine(now=asyncio.get_running_loop().time() - RETURN_GRACE_S))
        credentials = Credentials(folder / "credentials.json")
        credentials.create()
        collectors, outcomes, policy = Collectors(0.0), OutcomeTable({}), load_policy("null")
        trust = Trust(noise=os.urandom)
        board = Board(
            collectors,
            hub=hub,
            intake=Intake(),
            credentials=credentials,
            judging=Judging(policy, outcomes),
            debts=ledger.debts,
            roster_file=folder / "scanners.json",
        )
        steering = Steering(folder / "steering.json", hub=hub, outcomes=outcomes)
        board.pause_of, board.aside_of = steering.pauses.get, trust.aside_of
        sweeps = Sweeps()
        page = AdminPage(
            token=AdminToken.of(TOKEN),
            sessions_file=folder / "admin-sessions.json",
            snapshot=board.snapshot,
            events_of=board.events_of,
            scanners=ScannerSocket(credentials=credentials, hub=hub, trust=trust, policy=policy, collectors=collectors),
            trust=trust,
            credentials=credentials,
            roster=collectors.roster,
            ledger=ledger,
            steering=steering,
            sweeps=sweeps,
            trusted_proxies=trusted_proxies,
            public_url=public_url,
        )
        app = Starlette(routes=[page.mount])
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"} if tls else {}
        transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 4711))
        async with httpx2.AsyncClient(
            transport=transport, base_url=f"{'https' if tls else 'http'}://fediward.test", headers=headers
        ) as client:
            yield Scene(
                page=page,
                app=app,
                hub=hub,
                credentials=credentials,
                ledger=ledger,
                steering=steering,
                collectors=collectors,
                board=board,
                trust=trust,
                sweeps=sweeps,
                outcomes=outcomes,
                client=client,
                folder=folder,
            )
        page.close()
        hub.close()
