"""The admin page in a real browser, before real coordinators and scanners."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from shared.messages import Hello, Ready, ServedModel
from tests.end_to_end.browser import Visitor, visitor
from tests.end_to_end.browser import browser as launched
from tests.end_to_end.caller import upload
from tests.end_to_end.peer import FRAME_SIZE, Peer
from tests.end_to_end.pictures import bright, broken, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

TOKEN = "a-token-of-no-worth"
HOSTILE = "<script>alert(1)<script>"
"""As the name of a token, which holds no slash; what a scanner calls itself may hold one."""

STILL_THE_SAME = "window.sameFromTheStart === true"
"""Set once by a test: gone if the page was loaded again."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of this file."""
    async with launched() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def standing_still(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visitor]:
    """Somebody who looks at a scanner that stands still, and was shown to be late.

    It begins with the first test: that the line is given up takes half a minute, in which the others run.
    """
    async with (
        coordinator(tmp_path_factory.mktemp("still")) as c,
        Scanner(c, "still") as still,
        visitor(browser, c.public_url) as anna,
    ):
        await anna.log_in(TOKEN)
        await anna.sees("ready", "#rows .badge")
        still.send(signal.SIGSTOP)
        await anna.sees("late", "#rows .badge")
        await anna.sees("thing needs you", ".notices")
        yield anna


def coordinator(folder: Path, **settings: object) -> Coordinator:
    """Return a coordinator with an admin token."""
    return Coordinator(folder, admin_token=TOKEN, **settings)


async def test_page_leads_from_login_to_the_first_scanner(browser: Browser, tmp_path: Path) -> None:
    """A wrong token, the right one, no scanner, a token made there, its scanner, and numbers that move: no reload."""
    async with coordinator(tmp_path) as c, visitor(browser, c.public_url) as anna:
        page = anna.page
        await anna.log_in("wrong")
        await anna.sees("This is not the admin token")
        assert anna.heard("401") == []
        assert await anna.barriers() == []
        wide = await anna.shoot("login")
        await anna.log_in(TOKEN, "anna")

        await anna.sees("Uploads are NOT being checked", "h1")
        await anna.sees("No scanner is known yet", "#scanners")
        assert "NOT checked" in await page.title()
        assert await anna.barriers() == []
        wide += await anna.shoot("empty")
        await page.get_by_label("Name").fill("living-room")
        await page.get_by_role("button", name="Make a token").click()
        token = await page.locator(".token").inner_text()
        await anna.sees(f"fediward-scanner run --coordinator {c.public_url.replace('http', 'ws')}", ".flash")
        await anna.sees("The next step", "#scanners")
        wide += await anna.shoot("token")

        await page.evaluate("window.sameFromTheStart = true")
        async with Scanner(c, "living-room", token=token), Peer(c, HOSTILE, token=c.new_scanner(HOSTILE)) as peer:
            await anna.sees("ready", "#rows .badge")
            await anna.sees("Uploads are being checked", "h1")
            assert "NOT" not in await page.title()
            icon = await page.locator("link[rel=icon]").get_attribute("href")
            assert icon is not None
            assert "ok.svg" in icon
            await anna.sees(HOSTILE, "#rows .name")
            await peer.leave()
            for picture in (bright(), dark(), broken()):
                await upload(c, picture)
            await anna.sees("flagged", "[data-live=recent]")
            await page.locator('[data-live="total.hour"]').filter(has_text="3").wait_for()
            assert await page.evaluate(STILL_THE_SAME)
            assert await anna.barriers() == []
            await page.locator("#rows tr", has_text="living-room").get_by_text("Actions").click()
            wide += await anna.shoot("full")
            assert await anna.barriers() == []
        assert wide == []
        assert anna.heard() == []


async def test_page_steers_scanners_and_pictures(browser: Browser, tmp_path: Path) -> None:
    """Pause and resume, a test, a false positive allowed, shadow mode that outlives a restart, which the page shows."""
    async with coordinator(tmp_path) as c, Scanner(c, "box") as box, visitor(browser, c.public_url) as anna:
        page, picture = anna.page, bright()
        await anna.log_in(TOKEN, "anna")
        row = page.locator("#rows tr", has_text="box")

        await row.get_by_text("Actions").click()
        await row.get_by_label("Note").fill("a game")
        await row.get_by_role("button", name="Pause").click()
        await anna.sees("paused by anna until", "#rows")
        await anna.sees("a game", "#rows")
        await anna.sees("Resume box", ".sentence")
        assert (await upload(c, dark())).outcome == "no_scanner"
        await anna.sees("1 so far", "h1")
        await row.get_by_text("Actions").click()
        await row.get_by_role("button", name="Resume").click()
        await anna.sees("Uploads are being checked", "h1")
        assert (await upload(c, dark())).outcome == "clean"

        await row.get_by_text("Actions").click()
        await row.get_by_role("button", name="Test").click()
        await anna.sees("box answered in", ".flash")

        assert (await upload(c, picture)).status == 406
        await page.locator("[data-live=recent] tr", has_text="flagged").get_by_role("link").click()
        await anna.sees("light", "dl")
        await page.get_by_label("Note").fill("a lamp")
        await page.get_by_role("button", name="Allow").click()
        await anna.sees("whatever it scores", ".flash")
        assert await anna.barriers() == []
        assert await anna.shoot("picture") == []
        allowed = await upload(c, picture)
        assert (allowed.status, allowed.outcome) == (200, "allowed")
        await page.get_by_role("link", name="Back").click()

        await page.get_by_text("Change to shadow …").click()
        await page.get_by_label("I am sure").check()
        await page.get_by_role("button", name="Change to shadow").click()
        await anna.sees("Set here by anna", "#policy")
        shadowed = await upload(c, bright())
        assert (shadowed.status, shadowed.report["would_be"]) == (200, "reject")

        await page.evaluate("window.sameFromTheStart = true")
        before = c.log
        assert await c.stop() == 0
        await anna.sees("Connection lost", "#link")
        assert "? " in await page.title()
        assert await anna.shoot("lost") == []
        await c.start()
        await c.scanner_ready("box", after=before)
        await anna.sees("The coordinator was restarted. Live", "#link")
        await anna.sees("shadow mode", "h1")
        assert await page.evaluate(STILL_THE_SAME)
        assert anna.heard("ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY") == []
        assert await box.stop() == 0


async def test_page_shows_who_is_gone(browser: Browser, standing_still: Visitor, tmp_path: Path) -> None:
    """A scanner that was killed is offline; one that stands still was late, and is offline then; a drained one ends."""
    async with (
        coordinator(tmp_path) as c,
        Scanner(c, "killed") as killed,
        Scanner(c, "drained") as drained,
        visitor(browser, c.public_url) as anna,
    ):
        await anna.log_in(TOKEN)
        state = {name: anna.page.locator("#rows tr", has_text=name) for name in ("killed", "drained")}
        killed.send(signal.SIGKILL)
        await state["killed"].filter(has_text="offline").wait_for()
        await state["drained"].get_by_text("Actions").click()
        await state["drained"].get_by_role("button", name="Drain").click()
        assert await drained.ended() == 0
        await state["drained"].filter(has_text="offline").wait_for()
        await anna.sees("Uploads are NOT being checked", "h1")
        assert await anna.shoot("gone") == []
        assert await anna.barriers() == []
        await state["killed"].get_by_text("Actions").click()
        await state["killed"].get_by_text("Forget …").click()
        await state["killed"].get_by_role("button", name="Forget").click()
        await state["killed"].wait_for(state="detached")
        assert "killed" not in [scanner.name for scanner in c.credentials.book.scanners]
        assert anna.heard() == []
    await standing_still.page.locator("#rows tr", has_text="offline").wait_for(timeout=60_000)
    assert standing_still.heard() == []


async def test_page_works_without_javascript(browser: Browser, tmp_path: Path) -> None:
    """Reading, pausing and logging out need none; a scanner's words are only words; one logout ends all tabs."""
    async with (
        coordinator(tmp_path) as c,
        visitor(browser, c.public_url, javascript=False) as anna,
        visitor(browser, c.public_url) as ben,
    ):
        peer = Peer(c, "box", token=c.new_scanner("box"))
        await peer.connect()
        name = f"{HOSTILE}</script>"
        await peer.send(Hello(name, name, name, name, (ServedModel("null", "0", FRAME_SIZE),), 8))
        await peer.send(Ready())
        await c.scanner_ready("box")
        await anna.log_in(TOKEN, HOSTILE)
        await ben.log_in(TOKEN)
        await ben.sees(name, "#rows")
        tab = await ben.context.new_page()
        await tab.goto(c.public_url)
        await tab.get_by_role("button", name="Log out").click()
        await ben.page.get_by_role("heading", name="Log in").wait_for()
        assert ben.heard() == []

        await anna.sees(name, "#rows")
        await anna.page.locator("#rows summary").first.click()
        await anna.page.get_by_role("button", name="Pause").click()
        await anna.sees(f"paused by {HOSTILE} until", "#rows")
        await anna.page.get_by_role("button", name="Log out").click()
        await anna.sees("Admin token")
        await peer.leave()
        await until(lambda: "box left" in c.log, within_s=20, what="the scanner has left")
