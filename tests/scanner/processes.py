"""Scanners as real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.end_to_end.forked import PipedProcess, start_piped
from tests.scanner.coordinator_double import TOKEN

ROOT = Path(__file__).parents[2]


class ScannerProcess:
    """A running `fediward-scanner`, and what it says on stderr."""

    def __init__(self, process: PipedProcess) -> None:
        self.process = process

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def read_until(self, words: str) -> str:
        """Read log lines up to the first that holds these words."""
        async with asyncio.timeout(30):
            lines = []
            while line := (await self.process.stderr.readline()).decode():
                lines.append(line)
                if words in line:
                    return "".join(lines)
        raise AssertionError(f"the scanner never said {words!r}, but: {''.join(lines)}")

    async def end(self) -> tuple[int, str]:
        """Wait for the end. Gives the exit code and the rest of stderr."""
        async with asyncio.timeout(30):
            _, rest = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, rest.decode()


@asynccontextmanager
async def scanner(
    *arguments: str, folder: Path, token: str | None = TOKEN, **environment: str
) -> AsyncIterator[ScannerProcess]:
    """Start a scanner with the null model, without any setting of this machine, and kill it at the end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FEDIWARD_")}
    clean = {name: value for name, value in clean.items() if not name.lower().endswith("_proxy")}
    if token is not None:
        clean["FEDIWARD_TOKEN"] = token
    clean |= {"FEDIWARD_MODEL": "null", "FEDIWARD_ALLOW_NULL_MODEL": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    clean["XDG_STATE_HOME"] = str(folder / "state")
    process = await start_piped(
        ["-m", "scanner", *arguments], folder=folder, environment=clean | {"PYTHONPATH": str(ROOT)} | environment
    )
    try:
        yield ScannerProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
