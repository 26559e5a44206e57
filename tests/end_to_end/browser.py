"""A real browser, the system's Chromium, and what it must never say: errors, and violations of the content policy."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Dialog, Error, Page, async_playwright

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SIZES = ((390, 844), (1440, 900))
WAIT_MS = 20_000
"""For what must appear, on a machine that is busy."""


def axe_file() -> Path:
    """Return where `.ci/install-chromium` puts axe-core; the file need not exist."""
    cache = os.environ.get("FEDIWARD_CACHE") or Path.home() / ".cache" / "fediward"
    return Path(cache) / "axe-core" / "axe.min.js"


def chromium() -> str:
    """Return the browser; skip the test where it, or axe-core, is not installed; in CI, fail it."""
    found = shutil.which("chromium")
    if found is not None and axe_file().exists():
        return found
    missing = f"chromium, or {axe_file()}, is not installed: run .ci/install-chromium"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Start the browser."""
    async with async_playwright() as playwright:
        # As root, in a container, its own sandbox does not work; it sees our own pages only.
        launched = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield launched
        finally:
            await launched.close()


class Visitor:
    """One person at a browser of their own: no cookies at first, and every complaint kept."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._hear)
        page.on("pageerror", self._fail)
        page.on("dialog", self._meet)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _fail(self, error: Error) -> None:
        self.complaints.append(str(error))

    async def _meet(self, dialog: Dialog) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        await dialog.dismiss()

    def heard(self, *allowed: str) -> list[str]:
        """Return, and forget, what was complained about, but for complaints that hold one of these words."""
        complaints = [text for text in self.complaints if not any(word in text for word in allowed)]
        self.complaints.clear()
        return complaints

    async def log_in(self, token: str, name: str = "") -> None:
        """Open the page and log in."""
        await self.page.goto(self.url)
        await self.page.get_by_label("Admin token").fill(token)
        await self.page.get_by_label("Your name").fill(name)
        await self.page.get_by_role("button", name="Log in").click()

    async def sees(self, text: str, within: str = "body") -> None:
        """Wait until a text is to be seen."""
        await self.page.locator(within).filter(has_text=text).first.wait_for()

    async def barriers(self) -> list[str]:
        """Return what keeps people from using the page as it is, found by all rules of axe-core."""
        # Evaluated, not added as a script: the page's policy would stop that, and rightly.
        await self.page.evaluate(axe_file().read_text())
        found = await self.page.evaluate("axe.run()")
        return [f"{one['id']}: {[node['html'][:200] for node in one['nodes']]}" for one in found["violations"]]

    async def shoot(self, name: str) -> list[str]:
        """Take pictures of the whole page, in both sizes and themes; return where it is wider than the screen."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        wide = []
        themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in themes:
            await self.page.emulate_media(color_scheme=theme)
            for width, height in SIZES:
                await self.page.set_viewport_size({"width": width, "height": height})
                await self.page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{theme}.png", full_page=True)
                if await self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    wide.append(f"{name} at {width}")
        return wide


@asynccontextmanager
async def visitor(browser: Browser, url: str, *, javascript: bool = True) -> AsyncIterator[Visitor]:
    """Let somebody come with a fresh browser."""
    context = await browser.new_context(java_script_enabled=javascript, viewport={"width": 1440, "height": 900})
    try:
        yield Visitor(context, await context.new_page(), url)
    finally:
        await context.close()
