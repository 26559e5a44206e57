"""Processes of ours, forked from one that has imported what they need: there in a tenth of the time.

They are real processes, each with its own environment, folder, streams and signals; only the imports of a fresh
interpreter are spared. Tests fork (`fork_from_now_on`); benches, the demo and the drill start what an admin starts.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from multiprocessing.reduction import DupFd
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Protocol

from tests.end_to_end.waiting import until

PRELOADED = (
    "aiosqlite",
    "alembic.command",
    "asyncssh",
    "coordinator.app",
    "coordinator.commands.serve",
    "coordinator.doctor.examination",
    "coordinator.judge.selection",
    "coordinator.notices.opening",
    "coordinator.sweep.opening",
    "coordinator.sweep.report",
    "coordinator.sweep.session",
    "obstore",
    "scanner.app",
    "scanner.doctor.examination",
    "tests.end_to_end.forked",
    "typer.rich_utils",
)
"""What the processes import in any case, or late. Not torch: the null model does without."""

LONGEST_S = 120.0
"""A test takes no longer."""

_forking = False


class Started(Protocol):
    """What can be done with a process, be it forked or fresh: as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def returncode(self) -> int | None:
        """Its exit code as of the last `poll` or `wait`, negative for a signal."""

    def poll(self) -> int | None:
        """Return its exit code, if it is over."""

    def wait(self) -> int:
        """Wait for its end; return its exit code."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, if it is not over."""

    def kill(self) -> None:
        """Send SIGKILL, if it is not over."""


def fork_from_now_on() -> None:
    """Have `start` fork what can be forked."""
    global _forking
    _forking = True
    multiprocessing.set_forkserver_preload(list(PRELOADED))


def start(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: int,
    errors: int,
    fresh: bool = False,
) -> Started:
    """Start `python ARGUMENTS` in a folder, without input, writing to two file descriptors.

    `fresh` asks for a new interpreter where one would be forked.
    """
    if _forking and not fresh and arguments[0] == "-m":
        return _Forked(arguments[1:], folder, environment, (output, errors))
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
    )


def run(arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` in a folder, without input, to its end."""
    with TemporaryFile() as output, TemporaryFile() as errors:
        code = start(
            arguments, folder=folder, environment=environment, output=output.fileno(), errors=errors.fileno()
        ).wait()
        said = []
        for stream in (output, errors):
            stream.seek(0)
            said.append(stream.read().decode())
    return subprocess.CompletedProcess(list(arguments), code, *said)


class PipedProcess:
    """A process whose output is read through pipes: as `asyncio.subprocess.Process` has it."""

    def __init__(
        self, started: Started, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader, pipes: AsyncExitStack
    ) -> None:
        """Take the process, what it writes, and what closes the pipes."""
        self.stdout = stdout
        self.stderr = stderr
        self._started = started
        self._pipes = pipes

    @property
    def pid(self) -> int:
        """Its number."""
        return self._started.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, if it is over; negative for a signal."""
        return self._started.poll()

    def send_signal(self, sig: int) -> None:
        """Send a signal, if it is not over."""
        self._started.send_signal(sig)

    def kill(self) -> None:
        """Send SIGKILL, if it is not over."""
        self._started.kill()

    async def wait(self) -> int:
        """Wait for its end; return its exit code."""
        # In this thread: one that waits beside others that poll could lose the exit code to them.
        await until(lambda: self._started.poll() is not None, within_s=LONGEST_S, what="a process ends")
        return self._started.wait()

    async def communicate(self) -> tuple[bytes, bytes]:
        """Read all that it still writes, and wait for its end."""
        output, words = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await self.wait()
        await self._pipes.aclose()
        return output, words


async def run_beside(
    arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` in a folder, without input, to its end, while the test goes on."""
    process = await start_piped(arguments, folder=folder, environment=environment)
    output, words = await process.communicate()
    return subprocess.CompletedProcess(list(arguments), await process.wait(), output.decode(), words.decode())


async def start_piped(arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> PipedProcess:
    """Start `python ARGUMENTS` in a folder, without input, and read what it writes."""
    async with AsyncExitStack() as pipes:
        with ExitStack() as its_ends:
            (stdout, output), (stderr, errors) = await _pipe(pipes, its_ends), await _pipe(pipes, its_ends)
            started = start(arguments, folder=folder, environment=environment, output=output, errors=errors)
        return PipedProcess(started, stdout, stderr, pipes.pop_all())


async def _pipe(pipes: AsyncExitStack, its_ends: ExitStack) -> tuple[asyncio.StreamReader, int]:
    """Make a pipe; return what reads it, and the end to write to."""
    ours, its_end = os.pipe()
    its_ends.callback(os.close, its_end)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", buffering=0)
    )
    pipes.callback(transport.close)
    return reader, its_end


class _Forked:
    """A forked process, as `Started` has it."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], streams: tuple[int, int]
    ) -> None:
        self._command = command
        self._process = multiprocessing.get_context("forkserver").Process(
            target=_run, args=(list(command), str(folder), dict(environment), _Streams(streams)), daemon=True
        )
        self._process.start()

    def __repr__(self) -> str:
        return f"<forked {' '.join(self._command)}: returncode: {self.returncode}>"

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def send_signal(self, sig: int, /) -> None:
        if self._process.exitcode is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self._process.kill()


class _Streams:
    """File descriptors, each sent along when the process is forked."""

    def __init__(self, fds: Sequence[int]) -> None:
        self._fds = fds

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, tuple(DupFd(fd) for fd in self._fds)


def _received(*duplicates: Any) -> list[int]:
    return [duplicate.detach() for duplicate in duplicates]


def _stay_as_it_is(pid: int, policy: int, param: os.sched_param, /) -> None:
    """Do not step back, in the place of os.sched_setscheduler."""


def _run(command: Sequence[str], folder: str, environment: Mapping[str, str], streams: Sequence[int]) -> None:
    """Be what `python -m COMMAND` is, in the process that was forked for it."""
    for stream, number in zip(streams, (1, 2), strict=True):
        os.dup2(stream, number)
        os.close(stream)
    # Whoever started the tests in the background has it ignored, and an interpreter leaves that as it is.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Tests want more processors than there are: what runs only when nobody else wants one would hardly run.
    os.sched_setscheduler = _stay_as_it_is
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = list(command)
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
