"""Callers that are unknown, slow, gone, or ask for what they may not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.end_to_end.caller import slow_caller, upload
from tests.end_to_end.peer import Peer
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.processes import Coordinator
from tests.end_to_end.waiting import until

DEADLINE_MS = 1500


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def c(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Coordinator]:
    """One coordinator for all tests of this file: none of them may harm it."""
    async with Coordinator(tmp_path_factory.mktemp("shared"), deadline_ms=DEADLINE_MS) as coordinator:
        yield coordinator


async def test_caller_unknown_is_refused(c: Coordinator) -> None:
    """An unknown secret is refused by 401, and so is one that was revoked."""
    secret = c.new_caller("gone")
    c.credentials.revoke_caller("gone")
    for wrong in ("stranger", secret, "ipaddr"):
        answer = await upload(c, dark(), secret=wrong)
        assert (answer.status, answer.outcome[:15]) == (401, "Unknown caller.")


async def test_credentials_out_of_reach_change_nothing(tmp_path: Path) -> None:
    """While the credentials file cannot be looked for, callers are answered and scanners stay; the log says it once."""
    async with Coordinator(tmp_path) as c, Peer(c, "one") as peer:
        serving = asyncio.create_task(peer.serve())
        secret = c.new_caller("host")
        assert (await upload(c, bright(), secret=secret)).outcome == "flagged"
        file, aside = c.data_dir / "credentials.json", tmp_path / "aside"
        aside.hardlink_to(file)
        # In one go, as a file that is not there for a moment holds nobody: a link to itself is ELOOP, for root as well.
        loop = c.data_dir / "loop"
        loop.symlink_to(file.name)
        loop.replace(file)
        await c.logged("Going on with the credentials read before.")
        for _ in range(2):
            assert (await upload(c, dark(), secret=secret)).outcome == "clean"
        aside.replace(file)
        async with Peer(c, "two"):
            assert (await upload(c, bright(), secret=secret)).outcome == "flagged"
        assert c.log.count("Going on with the credentials") == 1
        assert c.process.poll() is None
        serving.cancel()


async def test_caller_known_by_its_secret_is_answered(c: Coordinator) -> None:
    """A caller's secret in the URL is all that it needs, also with forwarded headers from anybody."""
    secret = c.new_caller("host")
    async with Peer(c, "one") as peer:
        serving = asyncio.create_task(peer.serve())
        answer = await upload(c, bright(), secret=secret, headers={"X-Forwarded-For": "192.0.2.7"})
        assert (answer.status, answer.outcome) == (406, "flagged")
        serving.cancel()


@pytest.mark.parametrize(
    "header", [("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"), ("X-Real-IP", "127.0.0.1")]
)
async def test_caller_by_network_with_forwarded_headers_is_refused(c: Coordinator, header: tuple[str, str]) -> None:
    """A caller known by its network is refused by 401 when an untrusted peer says where the request comes from."""
    answer = await upload(c, dark(), headers=dict([header]))
    assert answer.status == 401
    assert "FEDIWARD_TRUSTED_PROXIES" in answer.outcome


async def test_caller_behind_a_trusted_proxy_counts_by_its_own_address(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Behind a named proxy it is the forwarded address that must be known; an address further out is only a claim."""
    async with (
        Coordinator(tmp_path_factory.mktemp("proxied"), trusted_proxies="127.0.0.0/8") as c,
        Peer(c, "one") as peer,
    ):
        serving = asyncio.create_task(peer.serve())
        statuses = [
            (await upload(c, dark(), headers={"X-Forwarded-For": chain})).status
            for chain in ("10.1.2.3", "192.0.2.7", "10.1.2.3, 192.0.2.7", "192.0.2.7, 10.1.2.3", "nonsense")
        ]
        assert statuses == [200, 401, 401, 200, 401]
        serving.cancel()


async def test_sweep_lane_is_for_callers_that_may(c: Coordinator) -> None:
    """The sweep lane is refused by 403 to a caller that may not use it, and serves one that may."""
    may, may_not = c.new_caller("sweeper", may_sweep=True), c.new_caller("plain")
    async with Peer(c, "one") as peer:
        refused = await upload(c, dark(), secret=may_not, query="?lane=sweep")
        assert refused.status == 403
        sweeping = asyncio.create_task(upload(c, dark(), secret=may, query="?lane=sweep"))
        held = await peer.next_scan()
        assert held.scan.lane == "sweep"
        await peer.answer(held)
        assert (await sweeping).outcome == "clean"


@pytest.mark.parametrize("query", ["?lane=fast", "?colour=red", "?record=2"])
async def test_query_unknown_is_refused(c: Coordinator, query: str) -> None:
    """A query that means nothing is refused by 400, rather than passed over."""
    assert (await upload(c, dark(), query=query)).status == 400


async def test_idle_connection_is_kept(c: Coordinator) -> None:
    """A caller may use a connection again after longer than servers usually keep one: pict-rs does for 90 s."""
    reader, writer = await asyncio.open_connection("127.0.0.1", c.hook_port)
    for pause_s in (5.5, 0):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(length))
        await asyncio.sleep(pause_s)
    writer.close()


async def test_body_empty_is_refused(c: Coordinator) -> None:
    """An empty body is refused by 400."""
    answer = await upload(c, b"")
    assert (answer.status, answer.outcome[:18]) == (400, "The body is empty.")


async def test_body_slower_than_the_deadline_is_refused(c: Coordinator) -> None:
    """A body that does not end within the deadline is answered by 408, at the deadline."""
    loop = asyncio.get_running_loop()
    async with slow_caller(c) as caller:
        began_s = loop.time()
        await caller.send(dark()[:50])
        answer = await caller.answer()
        took_ms = (loop.time() - began_s) * 1e3
    assert answer.status == 408
    assert DEADLINE_MS - 50 <= took_ms < DEADLINE_MS + 1000


async def test_caller_gone_in_mid_body_leaves_nothing(c: Coordinator) -> None:
    """When a caller hangs up in mid-body, its upload is abandoned and nobody scans it; the next one is served."""
    async with Peer(c, "one") as peer:
        before = c.log
        async with slow_caller(c) as caller:
            await caller.send(bright()[:50])
        await c.logged("upload abandoned", after=before)
        following = asyncio.create_task(upload(c, dark()))
        held = await peer.next_scan()
        assert held.frames[0][0] == 0
        await peer.answer(held)
        assert (await following).outcome == "clean"


async def test_caller_gone_in_mid_scan_cancels_the_scan(c: Coordinator) -> None:
    """When the only caller of a scan hangs up, the scanner is told to drop it."""
    async with Peer(c, "one") as peer, slow_caller(c) as caller:
        await caller.send(bright())
        await caller.finish()
        held = await peer.next_scan()
        await caller.leave()
        await until(lambda: peer.cancelled == [held.scan.scan_id], within_s=5, what="the scan is cancelled")
