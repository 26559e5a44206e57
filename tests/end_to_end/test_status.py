"""What is shown of a running coordinator: by `/api/v1/status`, from real processes."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from shared.exit_codes import ExitCode
from tests.end_to_end.caller import upload
from tests.end_to_end.forked import run_beside
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import Coordinator, Scanner, environment
from tests.end_to_end.waiting import INTERVAL_S, until

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


async def test_status_and_metrics_want_the_token(tmp_path: Path) -> None:
    """Without it, and with another, nothing is told; a network that is named may read the metrics, and nothing else."""
    for networks, without in (("", 401), ("127.0.0.0/8", 200)):
        folder = tmp_path / f"networks-{without}"
        folder.mkdir()
        async with (
            Coordinator(folder, admin_token=TOKEN, metrics_networks=networks) as coordinator,
            httpx2.AsyncClient(timeout=10.0, verify=False, base_url=coordinator.public_url) as client,
        ):
            for headers in ({}, {"Authorization": "Bearer not-this-token-at-all"}, {"Authorization": "Basic eDp5"}):
                assert (await client.get("/api/v1/status", headers=headers)).status_code == 401
                assert (await client.get("/metrics", headers=headers)).status_code == without
            forwarded = {"X-Forwarded-For": "127.0.0.1"}
            assert (await client.get("/metrics", headers=forwarded)).status_code == 401
            right = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
            assert right.status_code == 200
            assert "fediward_checking 0.0" in right.text


async def command(folder: Path, *arguments: str, **settings: object) -> tuple[int, str, str]:
    """Run a command of the coordinator; return its exit code and what it wrote."""
    done = await run_beside(["-m", "coordinator", *arguments], folder=folder, environment=environment(**settings))
    return done.returncode, done.stdout, done.stderr


async def test_status_command_says_the_same(tmp_path: Path) -> None:
    """The sentence and the table, or all of it as JSON; the exit code says whether uploads are being checked."""
    bind = f"127.0.0.1:{free_port()}"
    assert (await command(tmp_path, "status", public_bind=bind))[0] == ExitCode.BAD_CONFIGURATION
    gone, out, err = await command(tmp_path, "status", public_bind=bind, admin_token=TOKEN)
    assert (gone, out) == (ExitCode.NOT_REACHED, "")
    assert "cannot be reached" in err
    async with Coordinator(tmp_path) as coordinator:
        made = coordinator.log.partition("The admin token, shown this once: ")[2].partition("\n")[0]
        file = tmp_path / "token"
        file.write_text(f"{made}\n")
        settings = {"public_bind": f"127.0.0.1:{coordinator.public_port}"}
        asked = ("status", "--token-file", str(file))
        code, out, _ = await command(tmp_path, *asked, **settings)
        assert (code, out.splitlines()[0][:30]) == (ExitCode.FOUND, "Uploads are NOT being checked:")
        async with Scanner(coordinator, "one"):
            code, out, _ = await command(tmp_path, *asked, **settings)
            assert (code, out.splitlines()[0]) == (ExitCode.DONE, "Uploads are being checked.")
            assert "one      ready" in out
            code, out, _ = await command(tmp_path, *asked, "--json", **settings)
            assert (code, json.loads(out)["sentence"]["checking"]) == (ExitCode.DONE, "checked")
            code, out, _ = await command(tmp_path, *asked, "one", **settings)
            assert code == ExitCode.DONE
            assert "connected, version" in out
            assert (await command(tmp_path, *asked, "nobody", **settings))[0] == ExitCode.BAD_CONFIGURATION
            file.write_text("another-token-of-nobody")
            code, out, _ = await command(tmp_path, *asked, **settings)
            assert (code, out) == (ExitCode.TOKEN_REFUSED, "")
        assert (coordinator.data_dir / "admin-token.sha256").stat().st_mode & 0o777 == 0o600
        assert made not in (coordinator.data_dir / "admin-token.sha256").read_text()


async def test_status_remembers_scanners_over_a_restart(tmp_path: Path) -> None:
    """A scanner that is away is still in the list after the coordinator was killed; refused attempts are told."""
    async with Coordinator(tmp_path, admin_token=TOKEN) as coordinator:
        async with Scanner(coordinator, "one") as one:
            await upload(coordinator, dark())
            await one.stop()
            gone = await shown(coordinator, lambda s: s["scanners"][0]["connection"] == "offline")
            assert gone["scanners"][0]["why"].startswith("goodbye")
        file = coordinator.data_dir / "scanners.json"
        await until(lambda: "goodbye" in file.read_text(), within_s=20, what="it is written down")
        await coordinator.stop(signal.SIGKILL)
        await coordinator.start()
        stranger = Scanner(coordinator, "stranger", token="a-token-that-nobody-made")
        stranger.launch()
        found = await shown(coordinator, lambda s: s["refused"])
        stranger.clean_up()
        (row,) = found["scanners"]
        assert (row["name"], row["connection"], row["scans"]) == ("one", "offline", 1)
        assert row["since"] == gone["scanners"][0]["since"]
        assert (found["refused"][0]["cause"], found["refused"][0]["address"]) == (
            "its token is unknown or was revoked",
            "127.0.0.1",
        )
        coordinator.credentials.revoke_scanner("one")
        await shown(coordinator, lambda s: s["scanners"][0]["intent"]["kind"] == "revoked")
