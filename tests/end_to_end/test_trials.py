"""Tests that an admin asks of a scanner, beside the uploads that it has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from tests.end_to_end.caller import upload
from tests.end_to_end.peer import Peer
from tests.end_to_end.pictures import bright
from tests.end_to_end.processes import Coordinator
from tests.end_to_end.waiting import INTERVAL_S

TOKEN = "a-token-of-no-worth"
WAIT_S = 10.0


class Admin:
    """Somebody who has logged in, without a browser."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def test(self, scanner: str) -> str:
        """Have a scanner tested; return the page that comes then."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', (await self._client.get("/")).text)
        assert found is not None
        answer = await self._client.post("/do/test", data={"csrf": found[1], "scanner": scanner})
        assert answer.status_code == 303, answer.text
        return (await self._client.get(answer.headers["location"])).text

    async def sees(self, metric: str) -> None:
        """Wait until a line stands in the metrics."""
        async with asyncio.timeout(WAIT_S):
            while True:
                if metric in (await self._client.get("/metrics")).text:
                    return
                await asyncio.sleep(INTERVAL_S)


@asynccontextmanager
async def logged_in(c: Coordinator) -> AsyncIterator[Admin]:
    """Log in at the admin page."""
    async with httpx2.AsyncClient(base_url=c.public_url, timeout=WAIT_S, verify=False) as client:
        assert (await client.post("/login", data={"token": TOKEN, "name": "anna"})).status_code == 303
        yield Admin(client)


def coordinator(folder: Path) -> Coordinator:
    """Return a coordinator with an admin, and metrics for everybody here."""
    return Coordinator(folder, admin_token=TOKEN, metrics_networks="127.0.0.0/8")


async def test_trial_counts_as_in_flight(tmp_path: Path) -> None:
    """A scanner that takes one frame is tested: the next upload waits for it, instead of being one too many."""
    async with coordinator(tmp_path) as c, Peer(c, "one", capacity=1) as peer, logged_in(c) as admin:
        page = asyncio.create_task(admin.test(peer.name))
        trial = await peer.next_scan()
        answer = asyncio.create_task(upload(c, bright()))
        await admin.sees('fediward_lane_scans{lane="live"} 1.0')
        await peer.answer(trial)
        assert f"{peer.name} answered in" in await page
        await peer.answer(await peer.next_scan())
        assert (await answer).outcome == "flagged"
        assert peer.most_in_flight == 1


async def test_trial_of_a_full_scanner_is_refused(tmp_path: Path) -> None:
    """A scanner that takes nothing more is not tested, and the page says so."""
    async with coordinator(tmp_path) as c, Peer(c, "one", capacity=1) as peer, logged_in(c) as admin:
        answer = asyncio.create_task(upload(c, bright()))
        held = await peer.next_scan()
        assert "It takes nothing now" in await admin.test(peer.name)
        await peer.answer(held)
        assert (await answer).outcome == "flagged"
        assert peer.most_in_flight == 1
