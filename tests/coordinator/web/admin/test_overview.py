"""The page itself, as the server makes it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from coordinator.judge.outcomes import Answer, Outcome
from coordinator.status.uploads import Decided
from shared.messages import Hello, Lane, ServedModel
from tests.coordinator.web.admin.scene import Scene, scene

HOSTILE = "<script>alert`1`<script>"


def decided(here: Scene, outcome: Outcome = Outcome.FLAGGED, *, number: int = 1) -> None:
    """Have an upload answered."""
    here.collectors.uploads.note(
        Decided(
            at_s=asyncio.get_running_loop().time(),
            scan_id="s",
            sha256=f"{number:064x}",
            kind="png",
            size_bytes=1234,
            outcome=outcome,
            answer=Answer.REJECT,
            would_be=Answer.REJECT,
            parts=("light",),
            scanner="box",
            remembered=False,
            caller="local-networks",
            lane=Lane.LIVE,
            steps_ms={"body": 1.0, "total": 12.0},
        )
    )


async def test_overview_leads_from_nothing_to_the_first_scanner(inside: Scene) -> None:
    """No token: a form; a token: the line to run, and who was refused; a scanner: its row."""
    page = await inside.read()
    assert "Uploads are NOT being checked" in page
    assert 'action="do/add"' in page
    assert "The next step" not in page
    inside.credentials.add_scanner("box")
    inside.page.live.changed()
    page = await inside.read()
    assert "fediward-scanner run --coordinator ws://fediward.test --token-file" in page
    inside.connect("box")
    inside.page.live.changed()
    page = await inside.read()
    assert "The next step" not in page
    assert "Uploads are being checked" in page


async def test_overview_makes_names_harmless(inside: Scene) -> None:
    """A scanner may call itself anything, in its token's name and in its hello."""
    inside.credentials.add_scanner(HOSTILE)
    inside.connect(HOSTILE)
    hello = Hello(f'v"{HOSTILE}', f"'{HOSTILE}", HOSTILE, HOSTILE, (ServedModel(HOSTILE, "0", 224),), 8)
    inside.collectors.roster.greet(HOSTILE, 1, hello, HOSTILE, 0.0)
    for path in ("/", "/live"):
        text = await inside.read(path)
        assert HOSTILE[:8] not in text.replace("<script src=", "") or path == "/live"
    page = await inside.read()
    assert page.count("<script") == 1
    assert "&lt;script&gt;" in page


async def test_overview_shows_decisions_without_a_picture(inside: Scene) -> None:
    """Time, short hash, outcome, parts and times; nothing of the page loads a picture of somebody's."""
    decided(inside)
    page = await inside.read()
    assert "flagged" in page
    assert f"picture?hash={1:064x}" in page
    assert "light" in page
    assert "12 ms" in page
    assert "<img" not in page


async def test_overview_under_a_prefix(inside: Scene) -> None:
    """All addresses are relative, so that a proxy may cut off whatever it likes."""
    page = await inside.read()
    assert 'href="/' not in page
    assert 'src="/' not in page
    assert 'action="/' not in page
    refused = await inside.client.post("/do/pause", data={})
    assert 'href="../static/page.css' in refused.text


async def test_overview_names_the_address_that_the_admin_has_said(tmp_path: Path) -> None:
    """What a proxy hides is known from FEDIWARD_PUBLIC_URL."""
    async with scene(tmp_path, public_url="wss://fediward.example.org/prefix") as here:
        await here.log_in()
        here.credentials.add_scanner("box")
        assert "--coordinator wss://fediward.example.org/prefix --token-file" in await here.read()
