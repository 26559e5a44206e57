"""What is shown of a running coordinator: by `/api/v1/status`, from real processes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from tests.end_to_end.caller import upload
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.waiting import INTERVAL_S

TOKEN = "the-token-of-this-test"


async def status_of(coordinator: Coordinator) -> dict[str, Any]:
    """Ask for the snapshot."""
    async with httpx2.AsyncClient(timeout=10.0, verify=False) as client:
        response = await client.get(
            f"{coordinator.public_url}/api/v1/status", headers={"Authorization": f"Bearer {TOKEN}"}
        )
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def shown(
    coordinator: Coordinator, condition: Callable[[dict[str, Any]], object], *, within_s: float = 40.0
) -> dict[str, Any]:
    """Wait until the snapshot is as it should be, and return it."""
    last: dict[str, Any] = {}
    try:
        async with asyncio.timeout(within_s):
            while True:
                last = await status_of(coordinator)
                if condition(last):
                    return last
                await asyncio.sleep(INTERVAL_S * 10)
    except TimeoutError:
        raise AssertionError(
            f"not shown within {within_s:g} s; last: {last.get('sentence')} {last.get('scanners')}"
        ) from None


async def test_status_follows_scanners_and_uploads(tmp_path: Path) -> None:
    """From nobody there to a working fleet, a silent scanner and one that is killed; counts and rows follow."""
    async with Coordinator(tmp_path, admin_token=TOKEN) as coordinator:
        empty = await status_of(coordinator)
        assert empty["sentence"]["checking"] == "accepted_unseen"
        assert "scanner new" in empty["sentence"]["todo"]
        assert (await upload(coordinator, dark())).outcome == "no_scanner"
        unseen = await shown(coordinator, lambda s: s["debts"]["open"] == 1)
        assert "(1 so far)" in unseen["sentence"]["text"]
        async with Scanner(coordinator, "one") as one:
            await upload(coordinator, dark())
            flagged = await upload(coordinator, bright())
            checked = await shown(coordinator, lambda s: s["scanners"][0]["connection"] == "ready")
            assert checked["sentence"]["checking"] == "checked"
            (row,) = checked["scanners"]
            assert (row["name"], row["scans"], row["timing"]["results"]) == ("one", 2, 2)
            assert row["timing"]["p95_ms"]["total"] > 0
            recent = checked["uploads"]["recent"]
            assert [d["outcome"] for d in recent] == ["flagged", "clean", "no_scanner"]
            assert recent[0]["sha256"] == flagged.report["sha256"]
            assert checked["uploads"]["hour"]["flagged"] == checked["uploads"]["day"]["flagged"] == 1
            assert checked["uploads"]["minutes"][-1]["uploads"] + checked["uploads"]["minutes"][-2:][0]["uploads"] >= 3

            one.send(signal.SIGSTOP)
            late = await shown(coordinator, lambda s: s["scanners"][0]["connection"] == "late")
            assert late["sentence"]["checking"] == "accepted_unseen"
            one.send(signal.SIGCONT)
            await shown(coordinator, lambda s: s["scanners"][0]["connection"] == "ready")
            await one.stop(signal.SIGKILL)
            gone = await shown(coordinator, lambda s: s["scanners"][0]["connection"] == "offline")
            assert gone["sentence"]["checking"] == "accepted_unseen"
