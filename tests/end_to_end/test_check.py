"""`fediward-coordinator check`: what would be answered, by a running coordinator."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from coordinator.judge.outcomes import Answer
from shared.exit_codes import ExitCode
from tests.end_to_end.forked import run_beside
from tests.end_to_end.peer import Peer
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import Coordinator, environment


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def c(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Coordinator]:
    """One coordinator for all tests of this file: none of them may harm it."""
    async with Coordinator(tmp_path_factory.mktemp("shared")) as coordinator:
        yield coordinator


@asynccontextmanager
async def serving(c: Coordinator) -> AsyncIterator[None]:
    """Let a scanner answer everything."""
    async with Peer(c, "one") as peer:
        task = asyncio.create_task(peer.serve())
        yield
        task.cancel()


async def check(
    folder: Path, *arguments: str | Path, url: str = "", check_url: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, with an address as an option or in the environment."""
    line = ["-m", "coordinator", "check", *map(str, arguments), *(["--url", url] if url else [])]
    settings = {"check_url": check_url} if check_url else {}
    return await run_beside(line, folder=folder, environment=environment(**settings))


def written(folder: Path, **pictures: bytes) -> list[Path]:
    """Write files; return their paths."""
    for name, body in pictures.items():
        (folder / f"{name}.png").write_bytes(body)
    return [folder / f"{name}.png" for name in pictures]


async def test_check_of_a_clean_picture_is_done(c: Coordinator, tmp_path: Path) -> None:
    """A picture that would be accepted: one line, exit code 0; the variable serves as the option does."""
    (file,) = written(tmp_path, dark=dark())
    async with serving(c):
        done = await check(tmp_path, file, check_url=c.hook_url())
    assert (done.returncode, done.stderr) == (ExitCode.DONE, "")
    assert done.stdout.startswith(f"{file}: accept, clean, ")


async def test_check_of_a_flagged_picture_has_found_something(c: Coordinator, tmp_path: Path) -> None:
    """One of several is flagged: a line each, with the part that made it, and exit code 3."""
    files = written(tmp_path, dark=dark(), bright=bright(), other=dark())
    async with serving(c):
        done = await check(tmp_path, *files, url=c.hook_url())
    assert (done.returncode, done.stderr) == (ExitCode.FOUND, "")
    lines = [line.removeprefix(f"{file}: ") for file, line in zip(files, done.stdout.splitlines(), strict=True)]
    assert [line.rpartition(", ")[0] for line in lines] == ["accept, clean", "reject, flagged (light)", "accept, clean"]


async def test_check_writes_json(c: Coordinator, tmp_path: Path) -> None:
    """With --json, one object a file: its name, and what the hook answered."""
    files = written(tmp_path, bright=bright(), dark=dark())
    async with serving(c):
        done = await check(tmp_path, "--json", *files, url=c.hook_url())
    assert done.returncode == ExitCode.FOUND
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["file"] for report in reports] == [str(file) for file in files]
    assert [report["answer"] for report in reports] == ["reject", "accept"]
    assert all(report["milliseconds"]["total"] > 0 for report in reports)


async def test_check_that_nobody_looked_at_is_what_would_be_answered(c: Coordinator, tmp_path: Path) -> None:
    """Without a scanner a picture is accepted by default: exit code 0, and the line says that nobody looked."""
    (file,) = written(tmp_path, bright=bright())
    done = await check(tmp_path, file, url=c.hook_url())
    assert done.returncode == ExitCode.DONE
    assert done.stdout.startswith(f"{file}: accept, no_scanner, ")


async def test_check_that_nobody_looked_at_may_be_rejected(tmp_path: Path) -> None:
    """Without a scanner a picture is rejected where the admin chose so: exit code 3."""
    (file,) = written(tmp_path, dark=dark())
    async with Coordinator(tmp_path, on_no_scanner=Answer.REJECT) as c:
        done = await check(tmp_path, file, url=c.hook_url())
    assert done.returncode == ExitCode.FOUND
    assert done.stdout.startswith(f"{file}: reject, no_scanner, ")


async def test_check_that_is_refused_has_failed(c: Coordinator, tmp_path: Path) -> None:
    """An empty file, and a caller that is unknown: the coordinator's sentence on stderr, exit code 1."""
    files = written(tmp_path, nothing=b"")
    done = await check(tmp_path, *files, url=c.hook_url())
    assert (done.returncode, done.stdout) == (ExitCode.FAILED, "")
    assert done.stderr.startswith(f"{files[0]}: The body is empty.")
    stranger = await check(tmp_path, *written(tmp_path, dark=dark()), url=c.hook_url("stranger"))
    assert stranger.returncode == ExitCode.FAILED
    assert "Unknown caller." in stranger.stderr


async def test_check_without_a_coordinator_cannot_reach_it(tmp_path: Path) -> None:
    """Nobody listens: one sentence, exit code 4."""
    (file,) = written(tmp_path, dark=dark())
    done = await check(tmp_path, file, url=f"http://127.0.0.1:{free_port()}/api/v1/scan/IPADDR")
    assert (done.returncode, done.stdout) == (ExitCode.NOT_REACHED, "")
    assert done.stderr == "The coordinator cannot be reached; is it running, and is --url right?\n"


@pytest.mark.parametrize("said", ["<html>", "[]", "null", '"outcome"'])
async def test_check_of_something_else_cannot_reach_a_coordinator(tmp_path: Path, said: str) -> None:
    """What answers is no coordinator, whether it speaks JSON or not: one sentence, exit code 4."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\n\r\n{said}".encode())
        await writer.drain()
        writer.close()

    (file,) = written(tmp_path, dark=dark())
    port = free_port()
    async with await asyncio.start_server(answer, "127.0.0.1", port):
        done = await check(tmp_path, file, url=f"http://127.0.0.1:{port}/")
    assert (done.returncode, done.stdout) == (ExitCode.NOT_REACHED, "")
    assert done.stderr == "Something that is no coordinator answered; is --url right?\n"


@pytest.mark.parametrize("address", ["127.0.0.1:14051/api/v1/scan/IPADDR", "http://127.0.0.1:none"])
async def test_check_of_no_address_is_wrong_usage(tmp_path: Path, address: str) -> None:
    """An address that is none is named as the variable and the option, exit code 2."""
    (file,) = written(tmp_path, dark=dark())
    done = await check(tmp_path, file, check_url=address)
    assert (done.returncode, done.stdout) == (ExitCode.BAD_CONFIGURATION, "")
    assert done.stderr.startswith("FEDIWARD_CHECK_URL, or --url, must be an address")
    assert done.stderr.count("\n") == 1


async def test_check_of_no_file_is_wrong_usage(tmp_path: Path) -> None:
    """A file that is not there, and a folder, are named before anything is sent: exit code 2."""
    for path in (tmp_path / "gone.png", tmp_path):
        done = await check(tmp_path, path)
        assert (done.returncode, done.stdout) == (ExitCode.BAD_CONFIGURATION, "")
        assert path.name in done.stderr.replace("\n", "").replace(" ", "").replace("│", "")
        assert "Traceback" not in done.stderr
