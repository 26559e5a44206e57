"""Sweeps, each a process of its own, and what they write."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.end_to_end.forked import PipedProcess, start_piped
from tests.end_to_end.processes import Coordinator, environment

SWEEP_S = 100.0


@dataclass(frozen=True)
class Swept:
    """How a sweep ended, and what it wrote."""

    code: int
    output: str
    words: str
    """What it wrote on stderr."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON objects on its stdout."""
        return [json.loads(line) for line in self.output.splitlines()]

    @property
    def end(self) -> dict[str, Any]:
        """The last line of a sweep with `--json`."""
        last = self.lines[-1]
        assert last["event"] == "end", self.words
        return last


class Sweeper:
    """Runs sweeps against a coordinator, under a caller of its own."""

    def __init__(self, coordinator: Coordinator, *, name: str = "sweep", **settings: object) -> None:
        """Take whom to ask, the caller's name, and settings of the sweeps."""
        self.coordinator = coordinator
        self.name = name
        self.secret = coordinator.new_caller(name, may_sweep=True)
        self.data_dir = coordinator.folder / f"{name}-data"
        self.settings: dict[str, object] = {
            "data_dir": self.data_dir,
            "sweep_url": coordinator.hook_url(self.secret),
            **settings,
        }
        self.variables: dict[str, str] = {}

    @asynccontextmanager
    async def started(self, command: str, *arguments: object) -> AsyncIterator[PipedProcess]:
        """Start `sweep run …` or another command; end it with the context, if it is not over."""
        process = await start_piped(
            ["-m", "coordinator", *command.split(), *map(str, arguments)],
            folder=self.coordinator.folder,
            environment=environment(**self.settings) | self.variables,
        )
        words = b""
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            _, words = await process.communicate()
            # Shown where a test fails.
            sys.stdout.write(words.decode(errors="replace"))
        assert b"Traceback" not in words

    async def command(self, command: str, *arguments: object) -> Swept:
        """Run a command to its end."""
        async with self.started(command, *arguments) as process, asyncio.timeout(SWEEP_S):
            output, words = await process.communicate()
        assert process.returncode is not None
        assert b"Traceback" not in words, words.decode()
        assert self.secret.encode() not in output + words
        return Swept(process.returncode, output.decode(), words.decode())

    async def run(self, source: object, *options: object) -> Swept:
        """Run `sweep run` with JSON lines."""
        return await self.command("sweep run", source, "--json", *options)

    async def report(self, source: object, *options: object) -> list[dict[str, Any]]:
        """Return what `sweep report` names."""
        return (await self.command("sweep report", source, "--json", *options)).lines


def paths(rows: list[dict[str, Any]], outcome: str = "flagged") -> set[str]:
    """Return the paths of rows with this outcome; none may be there twice."""
    found = [row["path"] for row in rows if row["outcome"] == outcome]
    assert len(found) == len(set(found))
    return set(found)


async def json_lines(process: PipedProcess) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON lines of a process as it writes them."""
    async for line in process.stdout:
        yield json.loads(line)


async def progress(process: PipedProcess) -> AsyncIterator[dict[str, Any]]:
    """Yield the lines that say how far a sweep is, and the last one."""
    async for line in json_lines(process):
        if line["event"] in {"progress", "end"}:
            yield line
