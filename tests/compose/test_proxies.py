"""Scanners behind the real Caddy and the real nginx, with the snippets that an admin copies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.compose.proxies import Caddy, Nginx, Proxy
from tests.end_to_end.caller import upload
from tests.end_to_end.pictures import dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.test_doctor import examine

pytestmark = pytest.mark.proxies

IDLE_S = 90.0
"""Idle for much longer than nginx waits here: only pings keep the connection open."""

PAUSE_S = 0.05


async def keep_uploading(coordinator: Coordinator, stop: asyncio.Event) -> list[str]:
    """Upload one picture after another; return the outcomes."""
    outcomes = []
    while not stop.is_set():
        outcomes.append((await upload(coordinator, dark())).outcome)
        await asyncio.sleep(PAUSE_S)
    return outcomes


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_scanner_behind_a_proxy(tmp_path: Path) -> None:
    """A scanner stays connected while nothing happens, loses no scan when the proxy reloads, and comes back."""
    async with asyncio.TaskGroup() as group:
        for kind in (Caddy, Nginx):
            (folder := tmp_path / f"behind-{kind.name}").mkdir()
            group.create_task(go_behind(kind, folder))


async def go_behind(kind: type[Proxy], tmp_path: Path) -> None:
    """Play all of it with one kind of proxy."""
    async with Coordinator(tmp_path) as coordinator, kind(tmp_path, coordinator.public_port) as proxy:
        doctor = dict(coordinator.settings) | {"public_url": proxy.ws_url}
        async with Scanner(coordinator, "one", coordinator=proxy.ws_url) as scanner:
            await asyncio.sleep(IDLE_S)
            assert "left" not in coordinator.log
            assert (await upload(coordinator, dark())).outcome == "clean"

            stop = asyncio.Event()
            uploading = asyncio.create_task(keep_uploading(coordinator, stop))
            await proxy.reload()
            await asyncio.sleep(1.0)
            stop.set()
            outcomes = await uploading
            assert set(outcomes) == {"clean"}, outcomes
            assert "left" not in coordinator.log

            report = await examine("coordinator", tmp_path, doctor)
            assert report.states["public address"] == "good", report.words
            report = await examine("scanner", tmp_path, dict(scanner.settings))
            assert report.wrong == set(), report.words

            before = coordinator.log
            await proxy.stop()
            proxy.start()
            await coordinator.scanner_ready("one", after=before)
            assert (await upload(coordinator, dark())).outcome == "clean"


async def test_doctor_names_a_proxy_without_a_line(tmp_path: Path) -> None:
    """Without the line that a WebSocket needs, both doctors name the proxy."""

    class Lacking(Nginx):
        def launch(self, *arguments: str | Path) -> None:
            """Start it without that line."""
            self._file.write_text(self._file.read_text().replace("proxy_set_header Upgrade $http_upgrade;", ""))
            super().launch(*arguments)

    async with Coordinator(tmp_path) as coordinator, Lacking(tmp_path, coordinator.public_port) as proxy:
        token = coordinator.new_scanner("one")
        settings = {"token": token, "model": "null", "allow_null_model": 1, "proxy": 0, "coordinator": proxy.ws_url}
        report = await examine("scanner", tmp_path, settings)
        assert report.wrong == {"WebSocket"}, report.words
        doctor = dict(coordinator.settings) | {"public_url": proxy.ws_url}
        report = await examine("coordinator", tmp_path, doctor)
        assert report.parts["public address"] == "proxy before FEDIWARD_PUBLIC_BIND", report.words
        assert "does not pass WebSockets on" in report.words
