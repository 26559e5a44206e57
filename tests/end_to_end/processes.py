"""Real coordinators and scanners, each a process of its own, with its output in a file of the test's folder."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from coordinator.credentials import Credentials
from coordinator.ledger.schema import prepare
from coordinator.settings import Network
from shared.limits import SCANNERS_PATH
from tests.end_to_end import forked
from tests.end_to_end.forked import Started
from tests.end_to_end.policy import write_policy
from tests.end_to_end.ports import free_port
from tests.end_to_end.waiting import INTERVAL_S, until

START_S = 60.0
"""Time for a process to be there, on a machine that is busy."""

STOP_S = 20.0
"""Time for a process to end after a signal."""


def environment(**settings: object) -> dict[str, str]:
    """Return an environment with these settings of ours and no others: `deadline_ms=500` is FEDIWARD_DEADLINE_MS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FEDIWARD_")}
    return kept | {f"FEDIWARD_{name.upper()}": str(value) for name, value in settings.items()}


@cache
def empty_ledger() -> Path:
    """Make the ledger that a coordinator makes at its first start, once: laying the tables costs a third of a start."""
    folder = tempfile.mkdtemp(prefix="fediward-tests-")
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "ledger.sqlite"
    prepare(path)
    return path


class Process:
    """One process of ours: started, ended, and looked at."""

    def __init__(self, folder: Path, name: str, *arguments: str, settings: Mapping[str, object]) -> None:
        """Take the folder that it runs and logs in, its name there, what follows `python`, and its settings."""
        self.name = name
        self.folder = folder
        self.settings = settings
        self.variables: dict[str, str] = {}
        """Environment variables beside its settings, for the next start."""
        self.fresh = False
        """Whether it must be a new interpreter, as an admin starts it, where one would be forked."""
        self.log_file = folder / f"{name}.log"
        self._arguments = arguments
        self._popen: Started | None = None

    def __repr__(self) -> str:
        return f"<{self.name} {self._popen!r}>"

    @property
    def process(self) -> Started:
        """The process that was started last."""
        assert self._popen is not None, f"{self.name} was not started"
        return self._popen

    @property
    def log(self) -> str:
        """All that it has written so far, of every start."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def launch(self) -> None:
        """Start the process, without waiting for anything."""
        with self.log_file.open("ab") as output:
            self._popen = forked.start(
                self._arguments,
                folder=self.folder,
                environment=environment(**self.settings) | self.variables,
                output=output.fileno(),
                errors=output.fileno(),
                fresh=self.fresh,
            )

    def send(self, signum: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(signum)

    async def ended(self, *, within_s: float = STOP_S) -> int:
        """Wait for the end of the process; return its exit code."""
        await until(lambda: self.process.poll() is not None, within_s=within_s, what=f"{self.name} ends")
        return self.process.wait()

    async def stop(self, signum: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; return the exit code, negative for a signal as `subprocess` says it."""
        self.send(signum)
        return await self.ended()

    async def logged(self, text: str, *, after: str = "", within_s: float = START_S) -> None:
        """Wait until a text stands in the output, behind what was there already when `log` was `after`."""
        await until(lambda: text in self.log[len(after) :], within_s=within_s, what=f"{self.name} says {text!r}")

    def clean_up(self) -> None:
        """End the process whatever it does."""
        if self._popen is not None and self._popen.poll() is None:
            self._popen.send_signal(signal.SIGCONT)
            self._popen.kill()
            self._popen.wait()


class Coordinator(Process):
    """A coordinator on free ports of 127.0.0.1, with the null model and the policy that flags bright pictures.

    `async with Coordinator(tmp_path, deadline_ms=2000) as c:` starts it and waits for /healthz. At the end it is
    killed, and its log must hold no traceback.
    """

    def __init__(self, folder: Path, name: str = "coordinator", /, **settings: object) -> None:
        """Take the test's folder, and settings that differ from those for tests."""
        self.hook_port, self.public_port = free_port(), free_port()
        self.data_dir = folder / f"{name}-data"
        chosen: dict[str, object] = {
            "hook_bind": f"127.0.0.1:{self.hook_port}",
            "public_bind": f"127.0.0.1:{self.public_port}",
            "data_dir": self.data_dir,
            "model": "null",
            "policy": write_policy(folder),
        }
        super().__init__(folder, name, "-m", "coordinator", "serve", settings=chosen | settings)
        self.credentials = Credentials(self.data_dir / "credentials.json")

    @property
    def public_url(self) -> str:
        """Where health checks and pages are."""
        return f"http://127.0.0.1:{self.public_port}"

    @property
    def ws_url(self) -> str:
        """Where scanners connect: FEDIWARD_COORDINATOR of a scanner."""
        return f"ws://127.0.0.1:{self.public_port}{SCANNERS_PATH}"

    def hook_url(self, secret: str = "IPADDR", query: str = "") -> str:
        """Where a caller sends uploads."""
        return f"http://127.0.0.1:{self.hook_port}/api/v1/scan/{secret}{query}"

    def new_scanner(self, name: str) -> str:
        """Make a scanner known; return its token."""
        return self.credentials.add_scanner(name)

    def new_caller(self, name: str, networks: tuple[Network, ...] = (), *, may_sweep: bool = False) -> str:
        """Make a caller known; return its secret."""
        return self.credentials.add_caller(name, networks, may_sweep=may_sweep)

    async def start(self) -> None:
        """Start it, on the same ports as before, and wait until it serves."""
        if not self.data_dir.exists():
            self.data_dir.mkdir(mode=0o700)
            shutil.copy(empty_ledger(), self.data_dir / "ledger.sqlite")
        self.launch()
        await self._answers("healthz")

    async def ready(self) -> None:
        """Wait until a scanner is ready."""
        await self._answers("readyz")

    async def scanner_ready(self, name: str, *, after: str = "", within_s: float = START_S) -> None:
        """Wait until a scanner is ready, again if the log was `after` when it was ready before."""
        await self.logged(f"scanner {name} is ready", after=after, within_s=within_s)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self.clean_up()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clean_up()
        if error is None:
            assert "Traceback" not in self.log, f"{self.name} had a fault of its own"

    async def _answers(self, path: str) -> None:
        try:
            async with httpx2.AsyncClient(timeout=5.0) as client, asyncio.timeout(START_S):
                while True:
                    if await self._is_ok(client, f"{self.public_url}/{path}"):
                        return
                    await asyncio.sleep(INTERVAL_S)
        except TimeoutError:
            raise AssertionError(f"{self.name} does not answer /{path} in time:\n{self.log[-4000:]}") from None

    async def _is_ok(self, client: httpx2.AsyncClient, url: str) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.log[-4000:]}")
        try:
            return (await client.get(url)).status_code == 200
        except httpx2.TransportError:
            return False


class Scanner(Process):
    """A scanner with the null model, connected to a coordinator under a token of its own.

    `async with Scanner(c, "one", null_ms_per_frame=200):` starts it and waits until the coordinator may push to it.
    """

    def __init__(self, coordinator: Coordinator, name: str, /, *, token: str | None = None, **settings: object) -> None:
        """Take whom to serve, a name, a token (None: a new one), and settings that differ from those for tests."""
        chosen: dict[str, object] = {
            "coordinator": coordinator.ws_url,
            "token": coordinator.new_scanner(name) if token is None else token,
            "name": name,
            "model": "null",
            "allow_null_model": 1,
            "proxy": 0,
            "state_dir": coordinator.folder / f"{name}-state",
        }
        super().__init__(coordinator.folder, name, "-m", "scanner", "run", settings=chosen | settings)
        self._coordinator = coordinator

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        before = self._coordinator.log
        self.launch()
        await self._coordinator.scanner_ready(self.name, after=before)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self.clean_up()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clean_up()
